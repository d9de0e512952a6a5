/** Redis is restarted on its append-only file: asked to end, or killed. */

import type { Fault } from './fault.ts';

function restart(name: string, weight: number, signal: 'SIGTERM' | 'SIGKILL'): Fault {
  return {
    name,
    weight,
    async strike(fleet) {
      const from = Date.now();
      if (signal === 'SIGKILL') fleet.redisKills.push(from);
      await fleet.redis.restart(signal);
      return { target: `away for ${Date.now() - from} ms`, hurt: { kind: 'all' }, since: Date.now() };
    },
  };
}

export const stopRedis = restart('stop Redis', 1, 'SIGTERM');
export const killRedis = restart('kill Redis', 2, 'SIGKILL');
