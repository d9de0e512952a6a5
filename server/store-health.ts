/** Whether this server can serve: looks at the store again and again, and changes its mind only after several looks in a row. */

import { setTimeout as delay } from 'node:timers/promises';
import type { StoreError } from '@inferq/core/store-error.ts';

/** What a look looks at. */
export interface StoreSigns {
  /** Asks the store, apart from all other calls, whether it works, writes included; throws a StoreError where it does not. */
  ask(): Promise<void>;
  /** How many calls of the server itself have succeeded so far. */
  answers(): number;
  /** Whether the inbox is subscribed. */
  hears(): boolean;
}

export interface Rhythm {
  everyMs: number;
  withinMs: number;
  /** How many looks in a row must fail. */
  failures: number;
}

/** `problem` says why not, for operators. */
export type Health = { serving: true } | { serving: false; problem: string };

/** Tells health after the first look, and whenever it changes, until `stop` fires. */
export async function followStore(signs: StoreSigns, rhythm: Rhythm, tell: (health: Health) => void, stop: AbortSignal): Promise<void> {
  let told: boolean | undefined;
  let failed = 0;
  while (!stop.aborted) {
    const problem = await look(signs, rhythm.withinMs);
    if (stop.aborted) return;
    failed = problem === undefined ? 0 : failed + 1;
    const serving = failed === 0 || (told === true && failed < rhythm.failures);
    if (serving !== told) tell(problem === undefined || serving ? { serving: true } : { serving: false, problem });
    told = serving;
    await delay(rhythm.everyMs, undefined, { signal: stop }).catch(() => undefined);
  }
}

/** What is wrong, if anything is. */
async function look({ ask, answers, hears }: StoreSigns, withinMs: number): Promise<string | undefined> {
  const before = answers();
  const problem = await problemWithin(ask, withinMs);
  // Where the server's own calls come through, the store answers, however long it leaves the question open.
  const works = problem === undefined || (problem.kind === 'away' && answers() > before);
  if (!works) return problem.words;
  return hears() ? undefined : 'the inbox is not subscribed, so waits and watches do not hear of their tasks';
}

async function problemWithin(ask: () => Promise<void>, withinMs: number): Promise<{ kind: StoreError['kind']; words: string } | undefined> {
  const timer = new AbortController();
  const late = delay(withinMs, { kind: 'away', words: `Redis does not answer within ${withinMs / 1_000} s` } as const, {
    signal: timer.signal,
  });
  late.catch(() => undefined);
  const answer = ask().then(
    () => undefined,
    ({ kind, message }: StoreError) => ({ kind, words: message }),
  );
  try {
    return await Promise.race([answer, late]);
  } finally {
    timer.abort();
  }
}
