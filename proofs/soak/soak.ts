/** One soak: the fleet, the load, the samples; then the drain, the fit, what is left, and the report. */

import { writeFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { InferqClient } from '@inferq/client/index.ts';
import { limits } from '@inferq/core/limits.ts';
import { violations } from '@inferq/queue/test/support/invariants.ts';
import { Chance } from '../chaos/chance.ts';
import { type Fleet, startFleet } from './fleet.ts';
import { Load } from './load/load.ts';
import { ManyStream } from './load/many.ts';
import type { LoadParts } from './load/parts.ts';
import { Questions } from './load/requests.ts';
import { Tally, WrongAnswer } from './load/tally.ts';
import { readRest, unowned } from './memory/rest.ts';
import { Sampler } from './memory/sampler.ts';
import { trendOf } from './memory/trend.ts';
import { csvOf, type Fitted, leaking, restTable, shown, taskTable, trendTable, violationText } from './report.ts';
import { type SoakSettings, warmUpMs } from './settings.ts';

const progressMs = 10_000;
const lookMs = 500;
/** The longest that anything lives when the last task has ended, and time for it to go. */
const drainMs = limits.ignoredResultTtlMs + 30_000;

/** Runs it; resolves to whether every answer was right and nothing grew. `stop` ends it early, without a verdict. */
export async function runSoak(settings: SoakSettings, print: (line: string) => void, stop: AbortSignal): Promise<boolean> {
  print('starting Redis, 2 servers and 2 workers');
  const fleet = await startFleet();
  const clients = fleet.servers.map(({ address }) => new InferqClient({ server: address }));
  const end = () => void fleet.end();
  stop.addEventListener('abort', end);
  try {
    stop.throwIfAborted();
    const keysBefore = await fleet.admin.dbsize();
    const parts = await begin(fleet, clients, new Chance(settings.seed));
    print(`at rest there are ${keysBefore} keys; warming up for ${warmUpMs(settings) / 1_000} s`);
    const fitted = await measure(settings, parts, fleet, print, stop);
    stop.throwIfAborted();
    return await judge(fitted, parts, fleet, keysBefore, print, stop);
  } finally {
    stop.removeEventListener('abort', end);
    for (const client of clients) client.close();
    await fleet.end();
  }
}

async function begin(fleet: Fleet, clients: readonly InferqClient[], chance: Chance): Promise<LoadParts> {
  const [first] = clients as [InferqClient];
  const questions = await Questions.learn(first, chance.branch());
  const tally = new Tally();
  const streams = clients.map((client) => new ManyStream(client, tally));
  return { tally, chance, questions, clients, streams, addresses: fleet.servers.map(({ address }) => address) };
}

/** Makes load and samples; resolves to the lines through what follows the warm-up. */
async function measure(
  settings: SoakSettings,
  parts: LoadParts,
  fleet: Fleet,
  print: (line: string) => void,
  stop: AbortSignal,
): Promise<Fitted[]> {
  const load = new Load(parts);
  const beginsAt = performance.now();
  const sampler = new Sampler(fleet);
  const progress = setInterval(() => print(progressLine(beginsAt, parts.tally, load, sampler)), progressMs);
  try {
    await load.run(settings.minutes * 60_000, settings.rate, stop);
  } finally {
    clearInterval(progress);
    await sampler.stop();
  }
  if (!stop.aborted) {
    print(`the load stops; ${load.open} tasks go on`);
    await load.end();
  }
  if (settings.samples !== undefined) writeFileSync(settings.samples, csvOf(sampler.series, beginsAt));
  const fitsFrom = beginsAt + warmUpMs(settings);
  return sampler.series.map((series) => ({ series, trend: trendOf(series.samples.filter(({ at }) => at >= fitsFrom)) }));
}

function progressLine(beginsAt: number, tally: Tally, load: Load, { series }: Sampler): string {
  const figures = series
    .filter(({ name }) => !name.endsWith(', resident'))
    .map((one) => `${one.name} ${shown(one.samples.at(-1)?.value ?? 0, one)}`);
  const passed = Math.round((performance.now() - beginsAt) / 1_000);
  return `${passed} s: ${tally.tasks} right, ${load.open} open, ${tally.violated} violations; ${figures.join(', ')}`;
}

async function judge(
  fitted: readonly Fitted[],
  { tally }: LoadParts,
  fleet: Fleet,
  keysBefore: number,
  print: (line: string) => void,
  stop: AbortSignal,
): Promise<boolean> {
  print(`waiting for what has a TTL to end, ${drainMs / 1_000} s at most`);
  const limit = performance.now() + drainMs;
  while (unowned(await readRest(fleet.admin)) > 0 && performance.now() < limit) await pause(lookMs, undefined, { signal: stop });
  const rest = await readRest(fleet.admin);
  const keysAfter = await fleet.admin.dbsize();
  const executors = fitted.filter(({ series }) => /^executor \d+, resident$/.test(series.name));
  if (executors.length > 1) tally.violate('worker', new WrongAnswer(`its executor was replaced ${executors.length - 1} times`));
  if (unowned(rest) > 0) tally.violate('Redis', new WrongAnswer(`${unowned(rest)} keys were left behind`));
  for (const sentence of await fleet.stop()) tally.violate('fleet', new WrongAnswer(sentence));
  for (const sentence of await violations(fleet.admin)) tally.violate('Redis', new WrongAnswer(sentence));

  print(`\n${taskTable(tally)}\n`);
  print(`${trendTable(fitted)}\n`);
  print(`${restTable(rest)}\n`);
  print(`keys at rest: ${keysBefore} before the load, ${keysAfter} after it`);
  print('A series grows where the lower end (95 %) of its slope exceeds what is tolerated in an hour, and both halves of the window grow.');
  if (tally.violated > 0) print(`\n${violationText(tally)}`);
  return tally.violated === 0 && !fitted.some(leaking);
}
