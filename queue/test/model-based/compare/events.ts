/** A server that watches is told of every change once and in order, of every chunk without a gap, and of the end last. */

import { isTerminal } from '@inferq/core/task.ts';
import type { InboxMessage } from '../../../queue.ts';
import { agree } from '../agree.ts';
import { find, type Model, type ModelTask, type Watch } from '../oracle/model.ts';
import type { System } from '../system.ts';

function idOf(message: InboxMessage): string {
  if (message.kind === 'snapshot') return message.snapshot.id;
  if (message.kind === 'chunk') return message.chunk.taskId;
  return 'id' in message ? message.id : '';
}

/** Sequences rise by one: each change is told once. */
function advance(task: ModelTask, watch: Watch, sequence: number): void {
  agree(sequence, watch.sequence + 1, `the next event of ${task.label}`);
  watch.sequence = sequence;
}

function take(task: ModelTask, message: InboxMessage): void {
  const { watch } = task;
  if (!watch) throw new Error(`${task.label} is told of though nobody watches it`);
  agree(watch.ended, false, `whether ${task.label} had ended before a ${message.kind}`);
  if (message.kind === 'chunk') {
    const { sequence, attempt, index } = message.chunk;
    advance(task, watch, sequence);
    agree([attempt, index], [watch.attempt, watch.index], `attempt and index of a chunk of ${task.label}`);
    watch.index++;
  } else if (message.kind === 'snapshot') {
    advance(task, watch, message.snapshot.sequence);
    if (message.snapshot.attempt > watch.attempt) Object.assign(watch, { attempt: message.snapshot.attempt, index: 0 });
    watch.ended = isTerminal(message.snapshot.state);
  } else if (message.kind === 'wake') {
    // Too large to tell: a chunk, which the server reads from the log.
    watch.sequence++;
    watch.index++;
  }
}

export async function compareEvents(model: Model, system: System): Promise<void> {
  for (const message of await system.heard()) {
    const task = find(model, idOf(message));
    if (!task) throw new Error(`an event of an unknown task: ${JSON.stringify(message)}`);
    take(task, message);
  }
  for (const task of model.tasks) {
    if (!task.watch || task.gone || task.redrivenTo) continue;
    agree(task.watch.sequence, task.sequence, `the last that was told of ${task.label}`);
    agree(task.watch.ended, isTerminal(task.state), `whether the end of ${task.label} was told`);
  }
}
