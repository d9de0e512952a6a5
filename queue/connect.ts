/** One process' way to Redis: a command connection, an inbox on a second one, and the verbs bound to them. */

import { defaults } from '@inferq/core/limits.ts';
import { executionQueue, submissionQueue, upkeepOf, workerRegistry } from './bind.ts';
import { checkServer } from './check-server.ts';
import { Failover } from './failover.ts';
import { openInbox } from './inbox.ts';
import { Link, type Place } from './link.ts';
import { openProbe } from './probe.ts';
import type { ConnectionState, ConnectOptions, QueueConnection, QueueLimits } from './queue.ts';
import { commandOptions, subscriberOptions } from './redis-options.ts';
import { parseRedisUrl } from './redis-url.ts';
import { guarded, StoreCalls } from './store-calls.ts';
import { TroubleLog } from './trouble-log.ts';
import { Reclaimer } from './verbs/reclaim.ts';

const standardLimits: QueueLimits = {
  maxTasks: defaults.queueTasks,
  maxBytes: defaults.queueBytes,
  retainedBytes: defaults.retainedBytes,
  memoryWatermark: defaults.memoryWatermark,
};

/** With `fail`, calls outlive a connection that is replaced at once. */
const patienceMs = 1_000;

/**
 * Connects. Resolves once Redis has answered; with `whenDown: 'fail'` it throws a StoreError where the first connection fails, else it
 * waits. Throws for a URL that is not valid.
 */
export async function connectQueue(options: ConnectOptions): Promise<QueueConnection> {
  const { whenDown, tls, leaseMs = defaults.leaseMs, onNotice = () => {} } = options;
  const parsed = parseRedisUrl(options.url, tls);
  if (!parsed.ok) throw new Error(parsed.problem);
  const listeners: ((state: ConnectionState) => void)[] = [];
  const become = (state: ConnectionState) => {
    for (const listener of listeners) listener(state);
  };
  const troubles = new TroubleLog(onNotice);
  const place: Place = { address: parsed.address, ...(tls && { tls }) };
  const opened: { close(): Promise<void> }[] = [];
  const subscribers: Link[] = [];
  const link = new Link(place, {
    redis: commandOptions(whenDown),
    ...(whenDown === 'fail' ? { patienceMs } : {}),
    onUp: () => {
      troubles.answered('connect');
      become('up');
    },
    onDown: (problem, wasUp) => {
      reclaimer.lost();
      if (failover.moving === undefined) troubles.disconnected(problem);
      if (wasUp) become('down');
    },
    onStale: (problem) => troubles.warn('the TLS files for Redis cannot be used; those from before are', problem),
  });
  const { redis } = link;
  const reclaimer = new Reclaimer(redis, leaseMs);
  // A server that was demoted need not tell its subscribers anything any more.
  const failover = new Failover(redis, () => {
    for (const { redis: subscriber } of subscribers) subscriber.disconnect(true);
  });
  const calls = new StoreCalls(link, failover, troubles);
  await link.connect(whenDown, options.abandon);

  return {
    submission: guarded(submissionQueue(redis, { ...standardLimits, ...options.limits }), calls),
    execution: guarded(executionQueue(redis), calls),
    registry: guarded(workerRegistry(redis, leaseMs), calls),
    upkeep: guarded(upkeepOf(redis, leaseMs, reclaimer), calls),
    get state() {
      return link.up ? 'up' : 'down';
    },
    get answers() {
      return calls.answers;
    },
    onState: (listener) => {
      listeners.push(listener);
    },
    openInbox: async (name) => {
      const subscriber = new Link(place, { redis: subscriberOptions, proven: true });
      subscribers.push(subscriber);
      const inbox = await openInbox(subscriber, name, troubles, () => link.up);
      opened.push(inbox);
      return inbox;
    },
    openProbe: () => {
      const probe = openProbe(place);
      opened.push(probe);
      return probe;
    },
    checkServer: () => calls.run('checkServer', () => checkServer(redis)),
    close: async () => {
      await Promise.all(opened.map((one) => one.close()));
      link.close();
    },
  };
}
