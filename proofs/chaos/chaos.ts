/** One run: the fleet, the load and the faults; then the drain, the checks, and the report. */

import { setTimeout as pause } from 'node:timers/promises';
import { Chance } from './chance.ts';
import { type Struck, strikeAll } from './faults/schedule.ts';
import { Fleet } from './fleet/fleet.ts';
import { openClients } from './load/clients.ts';
import { Load } from './load/load.ts';
import { planTasks } from './load/plan.ts';
import type { LoadParts } from './load/single.ts';
import { readJournal } from './oracle/journal.ts';
import { checkIdle, checkRest, registeredForNothing } from './oracle/leaks.ts';
import { Ledger } from './oracle/ledger.ts';
import { recoveries } from './oracle/recovery.ts';
import { discarded } from './oracle/stale.ts';
import { checkRuns, readRecords } from './oracle/verify.ts';
import { faultTable, outcomeTable, violationText } from './report.ts';
import type { ChaosSettings } from './settings.ts';

const progressMs = 3_000;

/** Runs it; resolves to whether every promise was kept. `stop` ends it early, without a verdict. */
export async function runChaos(settings: ChaosSettings, print: (line: string) => void, stop: AbortSignal): Promise<boolean> {
  const chance = new Chance(settings.seed);
  const [taskChance, faultChance] = [chance.branch(), chance.branch()];
  const startedAt = Date.now();
  print(`starting ${settings.servers} servers, ${settings.workers} workers and Redis with appendfsync ${settings.fsync}`);
  const fleet = await Fleet.start(settings);
  const clients = openClients(fleet.balancers);
  const ledger = new Ledger(clients.length, settings.fsync === 'everysec' ? fleet.redisKills : []);
  const giveUp = new AbortController();
  const parts: LoadParts = { ledger, clients, giveUp: giveUp.signal };
  const struck: Struck[] = [];
  let progress: NodeJS.Timeout | undefined;
  const onStop = () => {
    giveUp.abort();
    fleet.kill();
  };
  stop.addEventListener('abort', onStop);
  try {
    const load = new Load(parts);
    progress = setInterval(() => print(progressLine(startedAt, settings, ledger, load, fleet, struck)), progressMs);
    const calm = new AbortController();
    const striking = strikeAll(fleet, faultChance, settings.faultEveryMs, AbortSignal.any([calm.signal, stop]), struck);
    const plan = planTasks(taskChance, settings.tasks, `${settings.seed}-${startedAt}`);
    await load.submit(plan, settings.loadMs, AbortSignal.any([stop, AbortSignal.timeout(settings.loadLimitMs)]));
    if (load.submitted < plan.length && !stop.aborted) print(`out of time: ${plan.length - load.submitted} tasks were not submitted`);
    calm.abort();
    await striking;
    if (stop.aborted) return false;
    print(`the last fault has struck; ${load.open} tasks go on`);
    const calmAt = Date.now();
    await Promise.race([load.end(), pause(settings.drainMs, undefined, { signal: stop }).catch(() => {})]);
    if (stop.aborted) return false;
    print(load.open === 0 ? `all ended ${Date.now() - calmAt} ms later` : `${load.open} tasks did not end within ${settings.drainMs} ms`);
    giveUp.abort();
    await load.end();
    clearInterval(progress);
    return await judge({ ...parts, giveUp: stop }, fleet, struck, print);
  } finally {
    clearInterval(progress);
    stop.removeEventListener('abort', onStop);
    for (const { api } of clients) api.close();
    await fleet.end();
  }
}

function progressLine(at: number, settings: ChaosSettings, ledger: Ledger, load: Load, fleet: Fleet, struck: readonly Struck[]): string {
  const last = struck.at(-1);
  const counts = `${load.submitted} of ${settings.tasks} handed over, ${ledger.acknowledged} acknowledged, ${ledger.ended} ended`;
  return `${Math.round((Date.now() - at) / 1_000)} s: ${counts}; ${fleet.executors.length} executors; fault ${struck.length}: ${last ? `${last.name} (${last.target})` : 'none yet'}`;
}

async function judge(parts: LoadParts, fleet: Fleet, struck: readonly Struck[], print: (line: string) => void): Promise<boolean> {
  const { ledger, clients } = parts;
  print('looking at every task once more');
  const records = await readRecords(parts);
  const runs = readJournal(fleet.journal);
  checkRuns(ledger, records, runs);
  const [client] = clients;
  if (client) await checkIdle(ledger, fleet, client.api);
  print('stopping the fleet');
  for (const sentence of await fleet.stop()) ledger.violate(sentence);
  await checkRest(ledger, fleet);

  const { stale, unsettled } = discarded(records, runs);
  const tasks = [...records.values()];
  const cancelledCalls = ledger.entries.filter(
    ({ planned, end }) => planned.way === 'predict' && !planned.patienceMs && end?.state === 'CANCELLED',
  );
  print(`\n${outcomeTable(ledger.entries)}\n`);
  print(`${faultTable(struck, recoveries(struck, { records, runs, heardAt: ledger.heardAt }))}\n`);
  print(`tasks acknowledged       ${ledger.acknowledged}`);
  print(`run more than once       ${tasks.filter(({ attempt }) => attempt > 1).length}`);
  print(`stale results refused    ${stale}`);
  print(`results never settled    ${unsettled}`);
  print(`predictions cut off      ${cancelledCalls.length}`);
  print(`executors left to expire ${await registeredForNothing(fleet.admin)}`);
  print(`processes                ${fleet.census.count}`);
  print(`lost with a killed Redis ${ledger.lost.size}${fleet.redisKills.length > 0 ? ` (killed ${fleet.redisKills.length} times)` : ''}`);
  for (const { taskId } of ledger.lost) print(`  lost: ${taskId}`);
  if (ledger.violations.length > 0) print(`\n${ledger.violations.length} violations:\n${violationText(ledger.violations, records)}`);
  return ledger.violations.length === 0;
}
