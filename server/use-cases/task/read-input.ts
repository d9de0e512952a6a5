/** GetInput: what a task was submitted with. */

import { granted, type Outcome, refused } from '@inferq/core/refusal.ts';
import type { TaskSnapshot } from '@inferq/core/task.ts';
import type { SubmissionQueue } from '@inferq/queue/queue.ts';
import { answering } from '../store-failure.ts';
import { refuseMalformedId, refuseUnknown } from '../unknown-task.ts';
import type { ReadParts } from './read-task.ts';

export interface ReadInputParts extends Pick<ReadParts, 'inspect'> {
  submission: Pick<SubmissionQueue, 'readInput'>;
}

/** The stored input, or why there is none. */
export function readInput({ inspect, submission }: ReadInputParts, taskId: string): Promise<Outcome<Uint8Array>> {
  return answering(async () => {
    const malformed = refuseMalformedId(taskId);
    if (malformed !== undefined) return { ok: false, refusal: malformed };
    const input = await submission.readInput(taskId);
    if (input !== undefined) return granted(input);
    const snapshot = await inspect(taskId);
    if (snapshot === undefined) return { ok: false, refusal: refuseUnknown(taskId) };
    return refused('INPUT_GONE', inputGone(snapshot));
  });
}

function inputGone({ id, state, redrivenTo }: TaskSnapshot): string {
  if (redrivenTo !== undefined)
    return `The input of task ${id} moved to task ${redrivenTo} when it was redriven: ask for the input of that one`;
  const hint = 'set keep_input in the Submit or in model.yaml to keep the inputs of further tasks';
  return `The input of task ${id} was deleted when the task ended (${state}): ${hint}`;
}
