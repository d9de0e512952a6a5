/** Which outputs a client wants, and in which form. */

import type { Violation } from '@inferq/core/refusal.ts';
import { violation } from '@inferq/core/violation.ts';
import type { OutputOptions } from '@inferq/proto/gen/inferq/v1/tensor.ts';
import { TensorEncoding } from '@inferq/proto/gen/inferq/v1/tensor.ts';

export interface OutputSelection {
  /** Undefined: all of them. */
  names?: ReadonlySet<string>;
  /** Undefined: the form that the task's inputs had. */
  encoding?: 'raw' | 'contents';
  omit: boolean;
}

/** All outputs as the inputs were. */
export const everything: OutputSelection = { omit: false };

/** Reads the options of a request's field `outputs`. */
export function readOutputOptions(options: OutputOptions | undefined, violations: Violation[]): OutputSelection {
  if (options === undefined) return everything;
  const { names, encoding, omit } = options;
  if (omit && names.length > 0) violations.push(violation('outputs.names', 'names have no effect if omit is set: remove one of them'));
  return {
    omit,
    ...(names.length === 0 ? {} : { names: new Set(names) }),
    ...readEncoding(encoding, 'outputs.encoding', violations),
  };
}

/** Reads an encoding from the request's field `field`. */
export function readEncoding(encoding: TensorEncoding, field: string, violations: Violation[]): Pick<OutputSelection, 'encoding'> {
  switch (encoding) {
    case TensorEncoding.UNSPECIFIED:
      return {};
    case TensorEncoding.RAW:
      return { encoding: 'raw' };
    case TensorEncoding.CONTENTS:
      return { encoding: 'contents' };
    default:
      violations.push(violation(field, `${encoding} is not a tensor encoding: 0 is the form of the inputs, 1 raw, 2 contents`));
      return {};
  }
}
