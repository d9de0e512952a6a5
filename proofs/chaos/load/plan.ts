/** What is submitted: every task's behaviour, drawn from the seed, and how it may end. */

import { type SubmitRequest, tensor } from '@inferq/client/index.ts';
import type { Chance } from '../chance.ts';

/** How the client hands it over and learns of its end. */
export type Way = 'submit' | 'watch' | 'many' | 'predict';

export interface Planned {
  /** Its input, from 1: the answer begins with it. */
  tag: number;
  /** What the model does to itself. */
  act: string;
  way: Way;
  request: SubmitRequest;
  /** States, or `FAILED` with the code of its error, that are right even without any fault. */
  ends: string[];
  /** Chunks of a run that nothing ends early. */
  chunks: number;
  /** The client cancels it so long after its acknowledgement. */
  cancel?: { afterMs: number; force: boolean };
  /** The client gives up its prediction after so long. */
  patienceMs?: number;
  /** It is submitted twice, to different servers. */
  twice: boolean;
  /** A second client watches it too, from so long after its acknowledgement. */
  secondWatchMs?: number;
}

type Draft = Pick<Planned, 'act' | 'ends'> & { chunks?: number; more?: Partial<SubmitRequest>; parameters?: Record<string, number> };

/** Everything that is not an echo, by how many of 10,000 tasks it is. Tasks that end their executor are dear: a restart each. */
const rare: readonly [perMyriad: number, draft: (chance: Chance) => Draft][] = [
  [300, (chance) => ({ act: 'busy', ends: ['SUCCEEDED'], parameters: { ms: chance.whole(5, 150) } })],
  [350, stream],
  [250, (chance) => throwing(chance.whole(1, 2))],
  [60, () => ({ act: 'throw', ends: ['FAILED MODEL_ERROR'], parameters: { times: 1_000_000 }, more: { maxAttempts: 2 } })],
  [80, () => ({ act: 'reject', ends: ['FAILED INVALID_INPUT'] })],
  [100, (chance) => ({ act: 'echo', ends: ['SUCCEEDED'], more: { delayMs: chance.whole(100, 5_000) } })],
  [100, (chance) => ({ act: 'echo', ends: ['SUCCEEDED', 'EXPIRED START_DEADLINE'], more: { startWithinMs: chance.whole(1, 1_000) } })],
  [30, () => ({ act: 'partial', ends: ['SUCCEEDED'], more: { softTimeLimitMs: 300 } })],
  [4, () => ({ act: 'overrun', ends: ['FAILED HARD_TIME_LIMIT'], more: { hardTimeLimitMs: 600 } })],
  [4, () => ({ act: 'hang', ends: ['FAILED HARD_TIME_LIMIT'], more: { hardTimeLimitMs: 600 } })],
  [3, (chance) => ({ act: 'segv', ends: ['FAILED EXECUTOR_CRASHED'], more: { maxAttempts: chance.whole(1, 2) } })],
  [3, (chance) => ({ act: 'kill', ends: ['FAILED EXECUTOR_CRASHED'], more: { maxAttempts: chance.whole(1, 2) } })],
];
/** In a run of any size each of them comes up so often. */
const least = 2;

function throwing(times: number): Draft {
  return { act: 'throw', ends: ['SUCCEEDED', 'FAILED MODEL_ERROR'], parameters: { times } };
}

function stream(chance: Chance): Draft {
  const chunks = chance.whole(2, 30);
  return { act: 'stream', ends: ['SUCCEEDED'], chunks, parameters: { times: chunks, ms: chance.whole(0, 80) } };
}

/** The drafts of a run in the order they are submitted. */
function drafts(chance: Chance, count: number): Draft[] {
  const all = rare.flatMap(([perMyriad, draft]) =>
    Array.from({ length: Math.max(least, Math.round((count * perMyriad) / 10_000)) }, () => draft(chance)),
  );
  const echoes = Array.from({ length: Math.max(0, count - all.length) }, (): Draft => ({ act: 'echo', ends: ['SUCCEEDED'] }));
  return chance.shuffled([...all, ...echoes]).slice(0, count);
}

function wayOf(draft: Draft, chance: Chance): Way {
  const at = chance.next();
  if (draft.act === 'stream') return at < 0.5 ? 'watch' : 'many';
  if (at < 0.65) return 'many';
  if (at < 0.8) return 'submit';
  return at < 0.93 ? 'watch' : 'predict';
}

/** `run` sets this run's idempotency keys apart. */
export function planTasks(chance: Chance, count: number, run: string): Planned[] {
  return drafts(chance, count).map((draft, index) => planTask(chance, draft, index + 1, run));
}

function planTask(chance: Chance, draft: Draft, tag: number, run: string): Planned {
  const way = wayOf(draft, chance);
  const request: SubmitRequest = {
    model: 'mishap',
    inputs: { tag: tensor.int32([1, 1], [tag]) },
    parameters: { act: draft.act, ...draft.parameters },
    priority: chance.whole(0, 9),
    maxAttempts: 5,
    idempotencyKey: `${run}-${tag}`,
    ...draft.more,
  };
  const cancels = way !== 'predict' && chance.hits(0.02);
  const leaves = way === 'predict' && chance.hits(0.1);
  return {
    tag,
    act: draft.act,
    way,
    request,
    ends: [
      ...draft.ends,
      // A prediction is bound to its call, and a call may break: oracle/cut-off.ts says when that may end it.
      ...(cancels || way === 'predict' ? ['CANCELLED CANCELLED'] : []),
      ...(leaves ? ['EXPIRED START_DEADLINE'] : []),
    ],
    chunks: draft.chunks ?? 0,
    twice: way === 'submit' && chance.hits(0.1),
    ...(cancels ? { cancel: { afterMs: chance.whole(0, 2_000), force: chance.hits(0.3) } } : {}),
    ...(leaves ? { patienceMs: chance.whole(1, 300) } : {}),
    ...(way === 'watch' && chance.hits(0.2) ? { secondWatchMs: chance.whole(0, 2_000) } : {}),
  };
}
