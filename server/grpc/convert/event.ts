/** What happens to a task, as its watchers see it. */

import type { TaskEvent } from '@inferq/proto/gen/inferq/v1/event.ts';
import type { ViewEvent } from '../../broker.ts';
import type { OutputSelection } from './output-options.ts';
import { toOutputs } from './outputs.ts';
import { toProgress, toTask } from './task.ts';

/** The event with the outputs that `selection` asks for; `contents`: see `toOutputs`. */
export function toTaskEvent(event: ViewEvent, selection: OutputSelection, contents: boolean): TaskEvent {
  if (event.kind === 'chunk') {
    const { taskId, sequence, time, attempt, index, payload } = event.chunk;
    const { outputs } = toOutputs(payload, selection, contents);
    const chunk = { index: BigInt(index), outputs };
    return { taskId, sequence: BigInt(sequence), time: new Date(time), attempt, kind: { $case: 'chunk', value: chunk } };
  }
  const { snapshot } = event.view;
  const at = { taskId: snapshot.id, sequence: BigInt(snapshot.sequence), time: new Date(event.time), attempt: snapshot.attempt };
  if (event.kind === 'state') return { ...at, kind: { $case: 'stateChanged', value: toTask(event.view, selection) } };
  const progress = toProgress(snapshot.progress) ?? { message: '' };
  return { ...at, kind: { $case: 'progress', value: progress } };
}

/** About how many bytes the event takes in a message. */
export function eventBytes(event: ViewEvent): number {
  return 512 + (event.kind === 'chunk' ? event.chunk.payload.byteLength : (event.view.output?.byteLength ?? 0));
}
