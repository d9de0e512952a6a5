/** What a client is told where there is no room for a task: what is full, and what to do. */

import { refused } from '@inferq/core/refusal.ts';
import type { QueueLimits } from '@inferq/queue/queue.ts';

/** A refusal with a time after which to try again, jittered so that those refused together do not come back together. */
export function fullQueue(
  what: 'tasks' | 'bytes' | 'results' | 'memory',
  queue: string,
  { maxTasks, maxBytes, retainedBytes, memoryWatermark }: QueueLimits,
  randomBytes: (count: number) => Uint8Array,
) {
  const hint = { retryAfterMs: Math.round(1_000 + ((randomBytes(1)[0] ?? 0) * 1_000) / 256) };
  switch (what) {
    case 'tasks':
      return refused(
        'QUEUE_FULL',
        `Queue ${queue} is full: it holds its limit of ${maxTasks} tasks; try again later, or add workers`,
        hint,
      );
    case 'bytes':
      return refused(
        'QUEUE_FULL',
        `Queue ${queue} is full: with this task its inputs would pass the limit of ${maxBytes} bytes; try again later, or add workers`,
        hint,
      );
    case 'results':
      return refused('RESULTS_FULL', `Kept results have reached the limit of ${retainedBytes} bytes; retry when some have expired`, hint);
    case 'memory':
      return refused(
        'MEMORY_FULL',
        `Redis is full: this task would take it over ${Math.round(memoryWatermark * 100)} % of its memory; try again later, or raise maxmemory`,
        hint,
      );
  }
}
