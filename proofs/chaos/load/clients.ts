/** The clients of a run, each behind a balancer of its own. */

import { defaultInternals } from '@inferq/client/connection.ts';
import { InferqClient } from '@inferq/client/index.ts';
import type { TcpProxy } from '../fleet/tcp-proxy.ts';
import { notingClock } from '../oracle/cut-off.ts';

/** A server that sleeps must not be waited for as long as by default. */
const keepalive = { timeMs: 5_000, timeoutMs: 3_000 };

export interface LoadClient {
  index: number;
  api: InferqClient;
}

export function openClients(balancers: readonly TcpProxy[]): LoadClient[] {
  const internals = { ...defaultInternals, clock: notingClock };
  return balancers.map(({ port }, index) => ({
    index,
    api: new InferqClient({ server: `127.0.0.1:${port}`, keepalive, retry: { maxDelayMs: 1_000 } }, internals),
  }));
}
