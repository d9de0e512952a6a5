/** Runs commands from a seed, and on a failure says how to run the same again. */

import fc from 'fast-check';
import { commandsOf } from './commands/all.ts';
import type { System } from './system.ts';

export interface Campaign {
  seed: number;
  runs: number;
  /** Of a failure before: runs it alone. */
  path: string;
  replay: string;
}

/** FC_SEED, FC_RUNS, FC_PATH and FC_REPLAY; where they are not given, a new seed and `runs`. */
export function campaignFrom(env: NodeJS.ProcessEnv, runs: number): Campaign {
  return {
    seed: Number(env.FC_SEED ?? Date.now() % 2 ** 31),
    runs: Number(env.FC_RUNS ?? runs),
    path: env.FC_PATH ?? '',
    replay: env.FC_REPLAY ?? '',
  };
}

/** Throws with the shortest failing run that was found and the environment that replays it. */
export async function runCampaign(system: System, { seed, runs, path, replay }: Campaign): Promise<void> {
  const property = fc.asyncProperty(commandsOf(replay), async (steps) => {
    const model = await system.reset();
    await fc.asyncModelRun(() => ({ model, real: system }), steps);
  });
  const details = await fc.check(property, { seed, numRuns: runs, unbiased: true, ...(path ? { path } : {}) });
  if (!details.failed) return;
  const shortest = String(details.counterexample?.[0] ?? '');
  const replayPath = /replayPath="([^"]*)"/.exec(shortest)?.[1] ?? '';
  const env = `FC_SEED=${details.seed} FC_PATH='${details.counterexamplePath}' FC_REPLAY='${replayPath}'`;
  const cause = details.errorInstance instanceof Error ? details.errorInstance.message : String(details.errorInstance);
  throw new Error(`${cause}\n\nCommands: ${shortest}\n\nAgain: ${env}`);
}
