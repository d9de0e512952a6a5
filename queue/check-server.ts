/** What a start must refuse or warn of. Read from INFO, because CONFIG is blocked on managed Redis. */

import type { Redis } from 'ioredis';
import { key } from './keys.ts';

/** Partitions, and the format of what lies in them: raised whenever scripts could not read what older ones wrote. */
const layout = '1 3';

function field(info: string, name: string): string {
  return new RegExp(`^${name}:(.*?)\r?$`, 'm').exec(info)?.[1] ?? '';
}

function refusalOf(version: string, maxmemory: number, policy: string): string | undefined {
  const major = Number.parseInt(version, 10);
  if (major < 7) return `Redis ${version} is too old: inferq needs Redis 7.0 or newer.`;
  if (maxmemory > 0 && policy !== 'noeviction') {
    return `Redis evicts keys (maxmemory-policy ${policy}) and would lose acknowledged tasks. Mend it with: redis-cli CONFIG SET maxmemory-policy noeviction`;
  }
  return undefined;
}

/** Stores the layout in a new Redis, unless another process has just done so; a write, which a full Redis would refuse. */
async function store(redis: Redis): Promise<string | null> {
  await redis.setnx(key('partitions'), layout);
  return redis.get(key('partitions'));
}

function otherLayout(stored: string | null): string {
  const [count, format = '1'] = (stored ?? '').split(' ');
  const [ownCount, ownFormat] = layout.split(' ');
  const what = `data in ${count} partitions of format ${format}, and this inferq uses ${ownCount} of format ${ownFormat}`;
  return `This Redis holds inferq ${what}. Give it an empty Redis or database, and let the inferq that wrote the data finish it.`;
}

/** Looks at the Redis behind a connection; the sentences are for people. */
export async function checkServer(redis: Redis): Promise<{ refusal?: string; warnings: string[] }> {
  const [server, memory, persistence] = await Promise.all([redis.info('server'), redis.info('memory'), redis.info('persistence')]);
  const maxmemory = Number(field(memory, 'maxmemory'));
  const refusal = refusalOf(field(server, 'redis_version'), maxmemory, field(memory, 'maxmemory_policy'));
  if (refusal) return { refusal, warnings: [] };
  const stored = (await redis.get(key('partitions'))) ?? (await store(redis));
  if (stored !== layout) return { refusal: otherLayout(stored), warnings: [] };
  const warnings: string[] = [];
  if (maxmemory === 0) warnings.push('Redis has no maxmemory: nothing refuses tasks before the machine runs out of memory.');
  if (field(persistence, 'aof_enabled') !== '1') {
    warnings.push('Redis keeps no append-only file: acknowledged tasks since its last snapshot are lost when it ends.');
  }
  return { warnings };
}
