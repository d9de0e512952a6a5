/** A stored input as a client asked for it. */

import { toContents, toRaw } from '@inferq/core/tensor/convert.ts';
import { StoredInput } from '@inferq/proto/gen/inferq/storage/v1/storage.ts';
import type { GetInputResponse } from '@inferq/proto/gen/inferq/v1/broker.ts';
import type { OutputSelection } from './output-options.ts';

/** Decodes stored bytes; tensors stay in the form in which they were submitted unless another one is asked for. */
export function toInput(stored: Uint8Array, { encoding }: Pick<OutputSelection, 'encoding'>): GetInputResponse {
  const { inputs, parameters } = StoredInput.decode(stored);
  if (encoding === undefined) return { inputs, parameters };
  return { inputs: inputs.map(encoding === 'raw' ? toRaw : toContents), parameters };
}
