/** Which commands clients sent to Redis, from its slow log with nothing left out. Logging costs time: count with it, do not time. */

import { readdirSync } from 'node:fs';
import { Script } from '@inferq/queue/scripts.ts';
import type { Redis } from 'ioredis';

const scripts = new URL('.', import.meta.resolve('@inferq/queue/lua/claim.lua'));
const keptEntries = 2_000_000;

export interface RedisCall {
  /** The connection: HOST:PORT. */
  client: string;
  /** The verb of a script, such as settle; else the command's name. */
  verb: string;
  micros: number;
}

/** All commands from connections while `work` went on, but those of `redis` itself; what scripts issue is not among them. */
export async function callsDuring(redis: Redis, work: () => Promise<void>): Promise<RedisCall[]> {
  const verbs = verbsBySha();
  await redis.config('SET', 'slowlog-max-len', keptEntries);
  await redis.config('SET', 'slowlog-log-slower-than', 0);
  await redis.slowlog('RESET');
  try {
    await work();
  } finally {
    await redis.config('SET', 'slowlog-log-slower-than', -1);
  }
  const own = /\baddr=(\S+)/.exec(String(await redis.client('INFO')))?.[1];
  const entries = (await redis.slowlog('GET', -1)) as [number, number, number, string[], string, string][];
  await redis.slowlog('RESET');
  return entries.flatMap(([, , micros, [command = '', first = ''], client]) => {
    // Commands within scripts have no connection.
    if (client === '?:0' || client === own) return [];
    return { client, verb: verbs.get(first) ?? command.toLowerCase(), micros };
  });
}

/** How often each verb was called and how long one call took with the logging, most often first: 'settle 40 (90 us), submit 38 (71 us)'. */
export function callsByVerb(calls: readonly RedisCall[]): string {
  return [...Map.groupBy(calls, ({ verb }) => verb)]
    .sort(([, one], [, other]) => other.length - one.length)
    .map(([verb, all]) => `${verb} ${all.length} (${Math.round(all.reduce((sum, { micros }) => sum + micros, 0) / all.length)} us)`)
    .join(', ');
}

function verbsBySha(): Map<string, string> {
  const files = readdirSync(scripts).filter((file) => file.endsWith('.lua'));
  return new Map(files.map((file) => [new Script(file).sha, file.replace('.lua', '')]));
}
