/** Runs upkeep on a beat: due tasks every 100 ms, everything else once a second. Any number of processes may do it: each keeps its contact, one does the work. */

import type { Upkeep } from './queue.ts';

const promoteMs = 100;
const restMs = 1_000;

/** Calls `work` again and again, `pauseMs` after the last call ended. */
function beat(work: () => Promise<unknown>, pauseMs: number, onError: (error: unknown) => void): () => Promise<void> {
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  let current: Promise<void> = Promise.resolve();
  const turn = () => {
    current = work()
      .catch(onError)
      .then(() => {
        if (!stopped) timer = setTimeout(turn, pauseMs);
      });
  };
  turn();
  return async () => {
    stopped = true;
    clearTimeout(timer);
    await current;
  };
}

/** Starts the beat; `onError` hears what a turn threw, and the next turn comes all the same. */
export function startUpkeep(upkeep: Upkeep, onError: (error: unknown) => void): { stop(): Promise<void> } {
  const inTurn = (part: 'prune' | 'repair') => async () => {
    // A little less than the pause, so that a process alone is never late for its own turn.
    if (await upkeep.takeTurn(part, restMs * 0.9)) await upkeep[part]();
  };
  const stops = [
    beat(() => upkeep.promote(), promoteMs, onError),
    beat(() => upkeep.reclaim(), restMs, onError),
    beat(inTurn('repair'), restMs, onError),
    beat(inTurn('prune'), restMs, onError),
  ];
  return {
    stop: async () => {
      await Promise.all(stops.map((stop) => stop()));
    },
  };
}
