/** Which messages a run of the fuzzer sends: the same seed and count generate the same ones. */

export interface Campaign {
  seed: number;
  /** How many bundles of calls. */
  runs: number;
}

/** From FUZZ_SEED and FUZZ_RUNS, where they are given; else a new seed and `runs`. Throws where one is no whole number. */
export function campaignFrom({ FUZZ_SEED, FUZZ_RUNS }: NodeJS.ProcessEnv, runs: number): Campaign {
  return { seed: whole('FUZZ_SEED', FUZZ_SEED) ?? Math.floor(Math.random() * 2 ** 31), runs: whole('FUZZ_RUNS', FUZZ_RUNS) ?? runs };
}

function whole(name: string, text: string | undefined): number | undefined {
  if (text === undefined || text === '') return undefined;
  if (!Number.isSafeInteger(Number(text))) throw new Error(`${name} is "${text}": give a whole number`);
  return Number(text);
}
