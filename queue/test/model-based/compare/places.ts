/** Where tasks stand: lane entries rise and change only when a lane is entered, and every set holds exactly whom it should. */

import type { Redis } from 'ioredis';
import { key, prefix } from '../../../keys.ts';
import { recordOf } from '../../support/records.ts';
import { agree } from '../agree.ts';
import { keepsInput, known, type Model, type ModelTask, ownsInput, running } from '../oracle/model.ts';
import { executors, queues, type System } from '../system.ts';

function compareEntry(task: ModelTask, entry: string): void {
  const inLane = task.state === 'queued' || task.state === 'running';
  if (!inLane) agree(entry, '', `the entry of ${task.state} ${task.label}`);
  else if (task.entered === undefined) agree(entry, task.entry, `the entry of ${task.label}, which has not moved`);
  else if (entry === '' || entry === task.entry) throw new Error(`${task.label} entered no lane`);
  task.entry = entry;
  task.entered = undefined;
}

async function compareRecords(model: Model, system: System): Promise<void> {
  const tasks = known(model);
  const records = await Promise.all(tasks.map(({ spec }) => recordOf(system.redis, spec.id)));
  tasks.forEach((task, at) => {
    const { entry, rank, token, lostLeases: lost, settled, calls } = records[at] ?? {};
    const lane = task.state === 'queued' || task.state === 'running' ? task.rank : undefined;
    const held = [rank ?? '', token ?? '', Number(lost ?? 0), settled ?? ''];
    agree(
      held,
      [lane ?? '', task.token ?? '', task.lost, task.settled ?? ''],
      `rank, token, lost leases and settled token of ${task.label}`,
    );
    agree((calls ?? '').split(' ').sort(), [...task.calls].join(' ').split(' ').sort(), `the calls that hold ${task.label}`);
    compareEntry(task, entry ?? '');
  });
}

async function members(redis: Redis, name: 'scheduled' | 'due' | 'dead', rest = ''): Promise<string[]> {
  return (await redis.zrange(key(name, rest), '0', '-1')).sort();
}

async function compareSets(model: Model, { redis }: System): Promise<void> {
  const tasks = known(model);
  const ids = (some: readonly ModelTask[]) => some.map(({ spec }) => spec.id).sort();
  const waits = tasks.filter(({ state, deadline }) => deadline && (state === 'queued' || state === 'scheduled'));
  const due = [...ids(waits).map((id) => `exp:${id}`), ...[...model.cuts.keys()].map((id) => `cut:${id}`)];
  agree(await members(redis, 'due'), due.sort(), 'the due set');
  agree(await members(redis, 'dead'), ids(tasks.filter(({ dead }) => dead)), 'the dead letters');
  for (const queue of queues) {
    const scheduled = tasks.filter(({ state, spec }) => state === 'scheduled' && spec.queue === queue);
    agree(await members(redis, 'scheduled', queue), ids(scheduled), `the schedule of ${queue}`);
  }
}

/** Large inputs of refused tasks and large outputs of refused attempts must not stay behind, though they have a TTL. */
async function comparePayloads(model: Model, { redis }: System): Promise<void> {
  const [payloads, kept, staged] = await Promise.all(['i', 'ki', 'a'].map((name) => redis.keys(`${prefix()}${name}:*`)));
  const owned = model.tasks
    .filter((task) => ownsInput(task) || (task.output !== undefined && !task.gone))
    .map(({ spec }) => key('payload', spec.id));
  agree(payloads?.sort(), owned.sort(), 'inputs and results');
  const keepers = model.tasks.filter(keepsInput).map(({ spec }) => key('kept', spec.id));
  agree(kept?.sort(), keepers.sort(), 'kept inputs');
  agree(staged, [], 'staged outputs');
}

async function compareExecutors(model: Model, { redis, queue }: System): Promise<void> {
  const held = await queue.registry.runningTasks(executors, 1_000);
  for (const name of executors) {
    const ids = running(model, name).map(({ spec }) => spec.id);
    agree(held.get(name)?.sort(), ids.sort(), `what is pending for ${name}`);
    agree(await redis.exists(key('executor', name)), model.registered.has(name) ? 1 : 0, `whether ${name} is registered`);
  }
}

export async function comparePlaces(model: Model, system: System): Promise<void> {
  await compareRecords(model, system);
  await compareSets(model, system);
  await comparePayloads(model, system);
  await compareExecutors(model, system);
}
