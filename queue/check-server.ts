/** What a start must refuse or warn of. HELLO needs no permission; INFO is read where it is allowed, CONFIG never. */

import type { Redis } from 'ioredis';
import { classify } from './classify.ts';
import { key } from './keys.ts';
import { infoField } from './optional-info.ts';
import { deniedCommands } from './permissions.ts';
import type { ServerCheck } from './queue.ts';

/** Partitions, and the format of what lies in them: raised whenever scripts could not read what older ones wrote. */
const layout = '1 3';

interface Hello {
  version: string;
  /** `standalone`, `cluster` or `sentinel`. */
  mode: string;
}

/** What the server says of itself; undefined where it is too old to know the command. */
async function hello(redis: Redis): Promise<Hello | undefined> {
  try {
    const reply = (await redis.call('HELLO')) as unknown[];
    const field = (name: string) => String(reply[reply.indexOf(name) + 1]);
    return { version: field('version'), mode: field('mode') };
  } catch (error) {
    if (classify(error).words.startsWith('ERR unknown command')) return undefined;
    throw error;
  }
}

function kindProblem(server: Hello | undefined): string | undefined {
  if (server === undefined || Number.parseInt(server.version, 10) < 7) {
    return `Redis ${server?.version ?? ''} is too old: inferq needs Redis 7.0 or newer.`.replace('  ', ' ');
  }
  if (server.mode === 'cluster') return 'It is a Redis Cluster, which inferq does not support yet: use a Redis without cluster mode.';
  if (server.mode === 'sentinel') return 'It is a Sentinel, not a Redis: use the address of the Redis master that it watches.';
  return undefined;
}

function permissionProblem(denied: readonly string[]): string | undefined {
  if (denied.length === 0) return undefined;
  return `Its ACL does not let this user run ${denied.join(', ')} on the keys and channels iq:*. docs/redis.md lists what inferq needs.`;
}

/** Stores the layout in a new Redis, unless another process has just done so; a write, which a full Redis would refuse. */
async function store(redis: Redis): Promise<string | null> {
  await redis.setnx(key('partitions'), layout);
  return redis.get(key('partitions'));
}

async function layoutProblem(redis: Redis): Promise<string | undefined> {
  const stored = (await redis.get(key('partitions'))) ?? (await store(redis));
  if (stored === layout) return undefined;
  const [count, format = '1'] = (stored ?? '').split(' ');
  const [ownCount, ownFormat] = layout.split(' ');
  const what = `data in ${count} partitions of format ${format}, and this inferq uses ${ownCount} of format ${ownFormat}`;
  return `This Redis holds inferq ${what}. Give it an empty Redis or database, and let the inferq that wrote the data finish it.`;
}

function evictionProblem(memory: string): string | undefined {
  const policy = infoField(memory, 'maxmemory_policy');
  if (Number(infoField(memory, 'maxmemory')) === 0 || policy === 'noeviction') return undefined;
  return `Redis evicts keys (maxmemory-policy ${policy}) and would lose acknowledged tasks. Fix it with: redis-cli CONFIG SET maxmemory-policy noeviction`;
}

function warningsOf(memory: string, persistence: string): string[] {
  const warnings: string[] = [];
  if (Number(infoField(memory, 'maxmemory')) === 0) {
    warnings.push('Redis has no maxmemory: nothing refuses tasks before the machine runs out of memory.');
  }
  if (infoField(persistence, 'aof_enabled') !== '1') {
    warnings.push('Redis keeps no append-only file: acknowledged tasks since its last snapshot are lost when it ends.');
  }
  return warnings;
}

const withoutInfo =
  'This Redis user may not run INFO: the eviction policy and the append-only file are not checked, and there is no memory watermark.';

/** Looks at the Redis behind a connection; the sentences are for people. Throws where Redis does not work. */
export async function checkServer(redis: Redis): Promise<ServerCheck> {
  const problem = kindProblem(await hello(redis)) ?? permissionProblem(await deniedCommands(redis));
  if (problem !== undefined) return { refusal: problem, warnings: [] };
  const [memory, persistence] = await Promise.all([redis.info('memory'), redis.info('persistence')]);
  const refusal = evictionProblem(memory) ?? (await layoutProblem(redis));
  if (refusal !== undefined) return { refusal, warnings: [] };
  return { warnings: memory === '' ? [withoutInfo] : warningsOf(memory, persistence) };
}
