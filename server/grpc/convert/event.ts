/** What happens to a task, as its watchers see it. */

import { Chunk, TaskEvent } from '@inferq/proto/gen/inferq/v1/event.ts';
import type { ViewEvent } from '../../broker.ts';
import { fieldNumbers } from '../replies/field-numbers.ts';
import { Fields } from '../replies/fields.ts';
import type { OutputSelection } from './output-options.ts';
import { outputFields } from './outputs.ts';
import { taskFields, toProgress } from './task.ts';

/** The fields of a TaskEvent with the outputs that `selection` asks for; `contents`: see `outputFields`. */
export async function eventFields(event: ViewEvent, selection: OutputSelection, contents: boolean): Promise<Fields> {
  if (event.kind === 'chunk') {
    const { taskId, sequence, time, attempt, index, payload } = event.chunk;
    const { outputs } = await outputFields(fieldNumbers.chunkOutputs, payload, selection, contents);
    const chunk = Fields.of(Chunk, { index: BigInt(index), outputs: [] }).and(outputs);
    const facts = { taskId, sequence: BigInt(sequence), time: new Date(time), attempt, kind: undefined };
    return Fields.of(TaskEvent, facts).and(chunk.in(fieldNumbers.eventChunk));
  }
  const { snapshot } = event.view;
  const facts = { taskId: snapshot.id, sequence: BigInt(snapshot.sequence), time: new Date(event.time), attempt: snapshot.attempt };
  if (event.kind === 'state') {
    const task = await taskFields(event.view, selection);
    return Fields.of(TaskEvent, { ...facts, kind: undefined }).and(task.in(fieldNumbers.eventState));
  }
  const progress = toProgress(snapshot.progress) ?? { message: '' };
  return Fields.of(TaskEvent, { ...facts, kind: { $case: 'progress', value: progress } });
}

/** About how many bytes the event takes in a message. */
export function eventBytes(event: ViewEvent): number {
  return 512 + (event.kind === 'chunk' ? event.chunk.payload.byteLength : (event.view.output?.byteLength ?? 0));
}
