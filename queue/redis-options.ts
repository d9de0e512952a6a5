/** How inferq's connections behave: retry quickly, never queue behind a dead socket on servers, resend on workers. */

import type { RedisOptions } from 'ioredis';
import type { RedisAddress } from './redis-url.ts';

const longestRetryMs = 500;
/** A Redis that answers nothing for so long is given up: else commands to a host that vanished hang until TCP notices. */
const silenceMs = 10_000;

const shared: RedisOptions = {
  // RESP2 is the quicker wire for small calls in ioredis 6.
  protocol: 2,
  replyMapping: 'legacy',
  keepAlive: 30_000,
  connectTimeout: 5_000,
  // Saves two commands for each connection, and an ACL the permission for them.
  disableClientInfo: true,
  // While Redis loads its data, ioredis else sleeps for up to 10 s past the moment that it answers.
  maxLoadingRetryTime: 100,
  socketTimeout: silenceMs,
  retryStrategy: (times) => Math.min(longestRetryMs, 20 * 2 ** Math.min(times, 5)),
};

/** For commands. `fail`: a command that cannot be sent fails at once; `wait`: it holds on, and is sent again after a reconnect. */
export function commandOptions(whenDown: 'fail' | 'wait'): RedisOptions {
  return whenDown === 'fail'
    ? { ...shared, enableOfflineQueue: false, maxRetriesPerRequest: 1 }
    : { ...shared, enableOfflineQueue: true, maxRetriesPerRequest: null };
}

/** For the subscriber: nothing is queued, the inbox subscribes again itself. */
export const subscriberOptions: RedisOptions = { ...shared, enableOfflineQueue: false, autoResubscribe: false, maxRetriesPerRequest: 1 };

/** Where and as whom to connect. */
export function addressOptions({ at, database, username, password }: RedisAddress): RedisOptions {
  return {
    ...(at.kind === 'socket' ? { path: at.path } : { host: at.host, port: at.port, ...(at.tls ? { tls: {} } : {}) }),
    db: database,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
  };
}
