/** What Redis did, by its own account (INFO). */

import type { Redis } from 'ioredis';

export interface RedisCost {
  /** Microseconds of CPU, user and system. */
  cpuMicros: number;
  /** Microseconds inside scripts. */
  scriptMicros: number;
  /** Script calls. */
  scripts: number;
}

/** Counts since `before` was taken. */
export function costSince(before: RedisCost, after: RedisCost): RedisCost {
  return {
    cpuMicros: after.cpuMicros - before.cpuMicros,
    scriptMicros: after.scriptMicros - before.scriptMicros,
    scripts: after.scripts - before.scripts,
  };
}

/** The counts so far. */
export async function redisCost(redis: Redis): Promise<RedisCost> {
  const cpu = await redis.info('cpu');
  const stats = await redis.info('commandstats');
  const seconds = (name: string) => Number(new RegExp(`^${name}:([\\d.]+)`, 'm').exec(cpu)?.[1] ?? 0);
  let scriptMicros = 0;
  let scripts = 0;
  for (const match of stats.matchAll(/^cmdstat_evalsha:calls=(\d+),usec=(\d+)/gm)) {
    scripts += Number(match[1]);
    scriptMicros += Number(match[2]);
  }
  return { cpuMicros: (seconds('used_cpu_user') + seconds('used_cpu_sys')) * 1e6, scriptMicros, scripts };
}
