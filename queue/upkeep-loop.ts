/** Runs upkeep on a beat: due tasks every 100 ms, everything else once a second. Any number of processes may do it: each keeps its contact, one does the work. */

import { isFault } from '@inferq/core/store-error.ts';
import type { Upkeep } from './queue.ts';

const promoteMs = 100;
const restMs = 1_000;
/** After a call that would fail in the same way again. */
const faultMs = 10_000;

/** Calls `work` again and again, `pauseMs` after the last call ended. What fails is in the log already. */
function beat(work: () => Promise<unknown>, pauseMs: number): () => Promise<void> {
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  let current: Promise<void> = Promise.resolve();
  const turn = () => {
    current = work()
      .then(() => pauseMs)
      .catch((error) => (isFault(error) ? faultMs : pauseMs))
      .then((ms) => {
        if (!stopped) timer = setTimeout(turn, ms);
      });
  };
  turn();
  return async () => {
    stopped = true;
    clearTimeout(timer);
    await current;
  };
}

/** Starts the beat; a turn that fails does not end it. */
export function startUpkeep(upkeep: Upkeep): { stop(): Promise<void> } {
  const inTurn = (part: 'prune' | 'repair') => async () => {
    // A little less than the pause, so that a process alone is never late for its own turn.
    if (await upkeep.takeTurn(part, restMs * 0.9)) await upkeep[part]();
  };
  const stops = [
    beat(() => upkeep.promote(), promoteMs),
    beat(() => upkeep.reclaim(), restMs),
    beat(inTurn('repair'), restMs),
    beat(inTurn('prune'), restMs),
  ];
  return {
    stop: async () => {
      await Promise.all(stops.map((stop) => stop()));
    },
  };
}
