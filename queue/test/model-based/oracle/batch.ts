/** Which tasks a claim gets: queues in their order, the lowest rank, the oldest head, the longest prefix that fits. */

import type { ClaimRequest, PoolClaim } from '../../../queue.ts';
import type { Model, ModelTask } from './model.ts';
import { finish } from './moves.ts';

const ranks = ['solo', 'returned', '9', '8', '7', '6', '5', '4', '3', '2', '1', '0'];

/** Time and number of its entry; what entered in this very step comes last. */
function place({ entered, entry = '' }: ModelTask): [number, number] {
  if (entered !== undefined) return [Number.POSITIVE_INFINITY, entered];
  const [time, number] = entry.split('-').map(Number);
  return [time ?? 0, number ?? 0];
}

function byPlace(one: ModelTask, other: ModelTask): number {
  const [time, number] = place(one);
  const [otherTime, otherNumber] = place(other);
  return time === otherTime ? number - otherNumber : time - otherTime;
}

/** The tasks of one lane that its group has not given out, oldest first. */
function lane(model: Model, pool: PoolClaim, rank: string): ModelTask[] {
  return model.tasks
    .filter(({ state, forgotten, spec, version, rank: its }) => {
      return (
        (state === 'queued' || forgotten) &&
        spec.queue === pool.queue &&
        spec.model === pool.model &&
        version === pool.version &&
        its === rank
      );
    })
    .sort(byPlace);
}

function headTime(tasks: readonly ModelTask[]): number {
  return tasks[0] ? place(tasks[0])[0] : 0;
}

/** The pool to serve next and what waits there. */
function choose(
  model: Model,
  pools: readonly PoolClaim[],
  solo: boolean,
): { pool: PoolClaim; rank: string; tasks: ModelTask[] } | undefined {
  for (const rank of ranks) {
    if (rank === 'solo' && !solo) continue;
    const rivals = pools.map((pool) => ({ pool, rank, tasks: lane(model, pool, rank) })).filter(({ tasks }) => tasks.length > 0);
    const oldest = Math.min(...rivals.map(({ tasks }) => headTime(tasks)));
    const best = rivals.find(({ tasks }) => headTime(tasks) === oldest);
    if (best) return best;
  }
  return undefined;
}

function prefix(tasks: readonly ModelTask[], most: number, maxRows: number, maxBytes: number): ModelTask[] {
  let rows = 0;
  let bytes = 0;
  const batch: ModelTask[] = [];
  for (const task of tasks) {
    rows += task.spec.rows;
    bytes += task.spec.input.length;
    const fits = batch.length < most && rows <= maxRows && bytes <= maxBytes && task.spec.signature === tasks[0]?.spec.signature;
    if (batch.length > 0 && !fits) break;
    batch.push(task);
  }
  return batch;
}

/** The tasks that the claim starts, in order. On the way those that are overdue end, and those that run go back to their executors. */
export function batch(model: Model, request: ClaimRequest): ModelTask[] {
  for (const pools of request.queues) {
    for (let next = choose(model, pools, request.solo); next; next = choose(model, pools, request.solo)) {
      const most = next.rank === 'solo' ? 1 : next.pool.maxTasks;
      const taken = prefix(next.tasks, most, next.pool.maxRows, request.maxBytes);
      for (const task of taken) if (task.deadline === 'past' && !task.forgotten) finish(model, task, 'expired', 'START_DEADLINE');
      for (const task of taken.filter(({ forgotten }) => forgotten)) Object.assign(task, { forgotten: false, aged: false });
      const started = taken.filter(({ state }) => state === 'queued');
      if (started.length > 0) return started;
    }
  }
  return [];
}
