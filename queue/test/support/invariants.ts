/** What holds of everything in Redis between two scripts, whatever happened before. */

import { limits } from '@inferq/core/limits.ts';
import { isTerminal, type TaskState } from '@inferq/core/task.ts';
import type { Redis } from 'ioredis';
import { key, keyFragments, prefix } from '../../keys.ts';
import { recordFields, type TaskFields } from '../../record.ts';
import { recordOf } from './records.ts';

type Task = TaskFields & { id: string; state: TaskState };

/** Keys that stay though everything has ended: small, and one for each queue, pool or for all. */
const lasting = ['lanes', 'bytes', 'ended', 'depth', 'retained', 'retainedMinutes', 'retainedBytes', 'deadBytes', 'partitions'];
const registries = ['executors', 'workers', 'models', 'queues'];
const waiting = ['due', 'dead', 'ready', 'lane', 'scheduled', 'scheduledQueues'];
const alwaysEnding = ['staged', 'executor', 'worker', 'workerName', 'model', 'turn', 'idle'];
const ofTasks = ['record', 'payload', 'kept', 'metadata', 'error', 'history', 'progress', 'log'];

interface Held {
  name: string;
  rest: string;
  full: string;
  ttl: number;
}

const fragments = Object.entries(keyFragments).sort(([, one], [, other]) => other.length - one.length);

function classify(full: string): { name: string; rest: string } {
  const bare = full.slice(prefix().length);
  const found = fragments.find(([, fragment]) =>
    fragment.endsWith(':') ? bare.startsWith(fragment) : bare === fragment || bare.startsWith(`${fragment}:`),
  );
  return found ? { name: found[0], rest: bare.slice(found[1].length) } : { name: 'unknown', rest: bare };
}

async function everything(redis: Redis): Promise<Held[]> {
  const keys = await redis.keys(`${prefix()}*`);
  return Promise.all(keys.map(async (full) => ({ ...classify(full), full, ttl: await redis.pttl(full) })));
}

async function readTask(redis: Redis, { rest }: Held): Promise<Task> {
  const fields = await recordOf(redis, rest);
  return { id: rest, ...fields, state: fields.state as TaskState };
}

interface Lane {
  pool: string;
  rank: string;
  /** Entry id to task id. */
  entries: Map<string, string>;
  pending: Map<string, string>;
}

async function readLane(redis: Redis, held: Held): Promise<Lane> {
  const [, pool = '', rank = ''] = /^(.*):([^:]+)$/.exec(held.rest) ?? [];
  const entries = (await redis.xrange(held.full, '-', '+')).map(([id, fields]) => [id, fields[1]?.split(' ')[0] ?? ''] as const);
  const pending = (await redis.xpending(held.full, 'w', '-', '+', 100_000).catch(() => [])) as [string, string][];
  return { pool, rank, entries: new Map(entries), pending: new Map(pending.map(([id, consumer]) => [id, consumer])) };
}

function isOwned(task: Task): boolean {
  return !isTerminal(task.state) || (task.state === 'failed' && !task.redrivenTo);
}

function checkKey(held: Held, tasks: Map<string, Task>, keysOfIdempotency: Set<string>): string | undefined {
  const { name, rest, full, ttl } = held;
  if (lasting.includes(name) || registries.includes(name) || waiting.includes(name)) return ttl === -1 ? undefined : `${full} has a TTL`;
  // One that ends in this very moment answers 0, one that just ended -2.
  if (alwaysEnding.includes(name)) return ttl !== -1 ? undefined : `${full} has no TTL`;
  if (name === 'idempotency')
    return keysOfIdempotency.has(rest) === (ttl === -1) ? undefined : `${full} and its task end at different times`;
  if (!ofTasks.includes(name)) return `${full} is no key that we know`;
  const task = tasks.get(rest);
  if (!task) return name === 'payload' && ttl > 0 ? undefined : `${full} has no task`;
  if (name === 'log' && task.state === 'failed') return ttl > 0 ? undefined : `${full} of a failed task has no TTL`;
  if (name === 'kept' && !task.flags?.includes('k')) return `${full} is of a task that keeps no input`;
  if (name === 'payload' && !isOwned(task) && task.outputBytes === undefined) return `${full} outlived its ${task.state} task`;
  return (ttl === -1) === isOwned(task) ? undefined : `${full} of a ${task.state} task has a TTL of ${ttl}`;
}

function checkTask(
  task: Task,
  lanes: Map<string, Lane>,
  held: Set<string>,
  scheduled: Set<string>,
  due: Set<string>,
  dead: Set<string>,
): string[] {
  const problems: string[] = [];
  const claim = (holds: boolean, sentence: string) => {
    if (!holds) problems.push(`${task.state} task ${task.id} ${sentence}`);
  };
  const lane = lanes.get(`${task.queue}:${task.model}:${task.version}:${task.rank}`);
  const named = task.entry !== undefined && lane?.entries.get(task.entry) === task.id;
  const pendingFor = task.entry ? lane?.pending.get(task.entry) : undefined;
  if (task.state === 'queued') claim(named && pendingFor === undefined, 'has no undelivered entry');
  if (task.state === 'running') claim(named && pendingFor === task.executor && task.token !== undefined, 'is not pending for its executor');
  if (task.state !== 'queued' && task.state !== 'running') claim(task.entry === undefined, 'still names an entry');
  if (task.state !== 'running') claim(task.token === undefined, 'still has a token');
  claim(scheduled.has(task.id) === (task.state === 'scheduled'), 'is in the wrong place of the schedule');
  claim(dead.has(task.id) === (task.state === 'failed' && !task.redrivenTo), 'is wrongly on or off the dead letters');
  const waits = task.state === 'queued' || task.state === 'scheduled';
  claim(due.has(`exp:${task.id}`) === (waits && task.startDeadline !== undefined), 'is wrongly on or off the due set');
  if (isOwned(task)) claim(held.has(`${prefix()}${keyFragments.payload}${task.id}`), 'has lost its input');
  return problems;
}

/** Sentences about what is wrong; none where all is well. */
export async function violations(redis: Redis): Promise<string[]> {
  const all = await everything(redis);
  const of = (name: string) => all.filter((one) => one.name === name);
  const tasks = new Map((await Promise.all(of('record').map((one) => readTask(redis, one)))).map((task) => [task.id, task]));
  const lanes = new Map(await Promise.all(of('lane').map(async (one) => [one.rest, await readLane(redis, one)] as const)));
  const members = async (name: string) => (await Promise.all(of(name).map((one) => redis.zrange(one.full, '0', '-1')))).flat();
  const held = new Set(all.map(({ full }) => full));
  const scheduled = new Set(await members('scheduled'));
  const due = new Set(await members('due'));
  const dead = new Set(await redis.zrange(prefix() + keyFragments.dead, '0', '-1'));
  const list = [...tasks.values()];
  const owned = new Set(list.filter(isOwned).flatMap(({ idempotency }) => idempotency ?? []));

  const problems = [
    ...all.flatMap((one) => checkKey(one, tasks, owned) ?? []),
    ...list.flatMap((task) => checkTask(task, lanes, held, scheduled, due, dead)),
    ...(await checkLanes(redis, lanes, tasks)),
    ...(await checkSums(redis, list, dead)),
  ];
  if (new Set(await members('dead')).size !== dead.size) problems.push('the dead letters of queues and of all differ');
  return problems;
}

async function checkLanes(redis: Redis, lanes: Map<string, Lane>, tasks: Map<string, Task>): Promise<string[]> {
  const problems: string[] = [];
  const known = new Set(await redis.smembers(prefix() + keyFragments.lanes));
  for (const [name, lane] of lanes) {
    if (!known.has(name)) problems.push(`lane ${name} is not in the set of lanes`);
    for (const [entry, id] of lane.entries) {
      if (tasks.get(id)?.entry !== entry) problems.push(`entry ${entry} of lane ${name} stands for no task`);
    }
    for (const entry of lane.pending.keys()) {
      if (!lane.entries.has(entry)) problems.push(`entry ${entry} is pending in ${name} but gone`);
    }
    if (lane.entries.size === lane.pending.size) continue;
    if ((await redis.zscore(`${prefix()}${keyFragments.ready}${lane.pool}`, lane.rank)) === null) {
      problems.push(`lane ${name} has waiting entries and is not ready`);
    }
    if (lane.rank === 'solo') continue;
    for (const executor of await redis.zrange(`${prefix()}${keyFragments.idle}${lane.pool}`, '0', '-1')) {
      const flag = await redis.hget(`${prefix()}${keyFragments.executor}${executor}`, 'idle');
      if (flag === '1') problems.push(`${executor} sleeps beside waiting entries of ${name}`);
    }
  }
  return problems;
}

async function checkSums(redis: Redis, tasks: Task[], dead: Set<string>): Promise<string[]> {
  const problems: string[] = [];
  const sum = (list: Task[]) => list.reduce((total, { bytes }) => total + Number(bytes), 0);
  for (const [queue, bytes] of Object.entries(await redis.hgetall(prefix() + keyFragments.bytes))) {
    const real = sum(tasks.filter((task) => task.queue === queue && !isTerminal(task.state)));
    if (real !== Number(bytes)) problems.push(`queue ${queue} counts ${bytes} bytes and holds ${real}`);
  }
  const counted = Number(await redis.get(prefix() + keyFragments.deadBytes));
  const real = sum(tasks.filter(({ id }) => dead.has(id)));
  if (counted !== real) problems.push(`dead letters count ${counted} bytes and hold ${real}`);
  const retained = Number(await redis.get(prefix() + keyFragments.retained));
  const ledger = Object.values(await redis.hgetall(prefix() + keyFragments.retainedBytes)).reduce(
    (total, bytes) => total + Number(bytes),
    0,
  );
  if (retained !== ledger) problems.push(`retained results count ${retained} bytes and their ledger ${ledger}`);
  for (const task of tasks) {
    const field = Object.entries(await redis.hgetall(key('record', task.id))).find(
      ([short, value]) => short !== recordFields.watchers && short !== recordFields.calls && Buffer.byteLength(value) > 64,
    );
    if (field) problems.push(`field ${field[0]} of ${task.id} would end the listpack`);
    if (Number(task.chunkBytes ?? 0) > limits.chunkBytesPerTask) problems.push(`${task.id} streamed more than a task may`);
  }
  return problems;
}

/** Keys that have neither a TTL nor a place among those that last. */
export async function remaining(redis: Redis): Promise<string[]> {
  return (await everything(redis))
    .filter(({ name, ttl }) => ttl === -1 && !lasting.includes(name) && !registries.includes(name))
    .map(({ full }) => full);
}
