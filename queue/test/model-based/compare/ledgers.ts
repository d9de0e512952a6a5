/** What is counted is what there is: bytes, dead letters, retained results, ended tasks, and the figures of each queue. */

import { type TaskState, taskStates } from '@inferq/core/task.ts';
import { key } from '../../../keys.ts';
import type { QueueStats } from '../../../queue.ts';
import { agree } from '../agree.ts';
import { known, type Model, retained, sumOf, unfinished } from '../oracle/model.ts';
import { queues, type System } from '../system.ts';

function figures(model: Model, queue: string): object {
  const mine = known(model).filter(({ spec }) => spec.queue === queue);
  const count = (state: TaskState) => mine.filter((task) => task.state === state).length;
  const queued = mine.filter(({ state }) => state === 'queued');
  const byPriority: Record<string, number> = {};
  let returned = 0;
  for (const { rank = '' } of queued) {
    if (rank === 'solo' || rank === 'returned') returned++;
    else byPriority[rank] = (byPriority[rank] ?? 0) + 1;
  }
  const ended = taskStates.flatMap((state) => {
    const ofState = model.ended.get(`${queue} ${state}`);
    return ofState ? [[state, ofState]] : [];
  });
  return {
    waitingByPriority: byPriority,
    waitingReturned: returned,
    running: count('running'),
    scheduled: count('scheduled'),
    dead: mine.filter(({ dead }) => dead).length,
    bytes: sumOf(unfinished(model).filter(({ spec }) => spec.queue === queue)),
    endedByState: Object.fromEntries(ended),
  };
}

/** Without what no oracle knows. Copies have the prototype that the oracle's objects have. */
function readFigures({ name: _name, oldestAgeMs: _age, waitingByPriority, endedByState, ...figures }: QueueStats): object {
  return { ...figures, waitingByPriority: { ...waitingByPriority }, endedByState: { ...endedByState } };
}

export async function compareLedgers(model: Model, { redis, queue }: System): Promise<void> {
  const stats = await queue.submission.queueStats(queues);
  for (const [at, name] of queues.entries()) {
    const read = stats[at];
    agree(read && readFigures(read), figures(model, name), `the figures of ${name}`);
  }
  const [deadBytes, total, byMinute] = await Promise.all([
    redis.get(key('deadBytes')),
    redis.get(key('retained')),
    redis.hgetall(key('retainedBytes')),
  ]);
  agree(Number(deadBytes), sumOf(known(model).filter(({ dead }) => dead)), 'bytes of dead letters');
  agree(Number(total), retained(model), 'bytes of retained results');
  const believed = [...model.ledger].map(([minute, { bytes }]) => [String(minute), String(bytes)]);
  agree(byMinute, Object.fromEntries(believed), 'retained results by minute');
}
