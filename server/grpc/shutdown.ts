/** Stops a server: no new calls, streams end so that clients reconnect elsewhere, short calls finish, and no client can hold it up. */

import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises';
import type { Server } from '@grpc/grpc-js';
import type { Closing } from './closing.ts';
import type { Health } from './health.ts';

/** Half of the grace time is for calls to finish, the rest for their replies to be taken; then connections are cut. */
export async function shutDown(server: Server, address: string, health: Health, closing: Closing, graceMs: number): Promise<void> {
  health.set(false);
  // Health watchers are told before their streams end.
  await nextTurn();
  closing.end('stream');
  const timer = setTimeout(() => closing.end('single'), graceMs / 2);
  // Without channelz, forceShutdown() knows no connections: draining is what cuts those that are left.
  server.drain(address, graceMs);
  const closed = new Promise<void>((resolve) => {
    server.tryShutdown(() => resolve());
  });
  const cut = new AbortController();
  // A connection in the midst of its TLS handshake is no session yet, and is not waited for.
  await Promise.race([closed, delay(graceMs + 100, undefined, { signal: cut.signal }).catch(() => undefined)]);
  cut.abort();
  clearTimeout(timer);
  closing.end('single');
}
