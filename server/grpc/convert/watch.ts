/** A watch request, free of proto. */

import type { Violation } from '@inferq/core/refusal.ts';
import { violation } from '@inferq/core/violation.ts';
import type { WatchResultRequest } from '@inferq/proto/gen/inferq/v1/broker.ts';
import type { WatchOptions } from '../../broker.ts';
import type { OutputSelection } from './output-options.ts';
import { readOutputOptions } from './output-options.ts';

const maxSequence = BigInt(Number.MAX_SAFE_INTEGER);

/** How to watch, and what to send of the outputs. */
export function readWatch(
  { afterSequence, outputs, cancelOnDisconnect }: WatchResultRequest,
  violations: Violation[],
): { selection: OutputSelection; options: WatchOptions } {
  const selection = readOutputOptions(outputs, violations);
  if (afterSequence < 0n) violations.push(violation('after_sequence', 'a sequence cannot be negative: 0 starts from the current attempt'));
  // Above any record's: whoever asks so gets the current state.
  const sequence = Number(afterSequence > maxSequence ? maxSequence : afterSequence);
  return { selection, options: { afterSequence: sequence, outputs: !selection.omit, cancelOnDisconnect } };
}
