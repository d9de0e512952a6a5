/** No request, whatever its bytes, keeps a server from its other calls. */

import { startWatchedServer, worstLoopDelay } from '@inferq/test/support/load.ts';
import { startRedis } from '@inferq/test/support/redis.ts';
import type { Limit } from './limit.ts';
import { connectWire } from './wire.ts';

const submitMany = '/inferq.v1.Broker/SubmitMany';

/** A SubmitManyRequest of so many empty items: two bytes for each. */
function emptyItems(count: number): Uint8Array {
  return Buffer.alloc(2 * count, Buffer.from([0x0a, 0x00]));
}

export const hostileMessages: Limit = {
  name: 'hostile-messages',
  about: "the longest that a server's event loop is kept while it refuses a message of a million empty items",
  unit: 'ms',
  atMost: 100,
  async start({ quick }) {
    const redis = await startRedis();
    const server = await startWatchedServer(['--listen', '127.0.0.1:0', '--log-level', 'warn'], redis.url);
    const wire = connectWire(server.address);
    const message = emptyItems(quick ? 1_000 : 1_000_000);
    return {
      async once() {
        await worstLoopDelay(server);
        await wire.call(submitMany, [message]);
        return worstLoopDelay(server);
      },
      async stop() {
        wire.close();
        await server.stop('SIGKILL');
        await redis.stop();
      },
    };
  },
};
