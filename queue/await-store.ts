/** The start of a process: waits for a Redis that cannot be used yet, and refuses one that waiting does not change. */

import { setTimeout as delay } from 'node:timers/promises';
import { StoreError } from '@inferq/core/store-error.ts';
import { connectQueue } from './connect.ts';
import { isInContainer } from './container.ts';
import type { ConnectOptions, QueueConnection, ServerCheck } from './queue.ts';
import { parseRedisUrl, shownAddress } from './redis-url.ts';
import { isLasting, startSentence } from './start-sentence.ts';

const pauseMs = 500;
const patienceMs = 5_000;

export interface StoreStart extends Omit<ConnectOptions, 'abandon'> {
  /** Ends the waiting. */
  abandon: AbortSignal;
  /** Hears why the start waits, in a sentence for people; called once for each new reason. */
  onWaiting: (sentence: string) => void;
  /** Whether this process runs in a container; looked up where it is not given. */
  inContainer?: boolean;
  /** How long one look at Redis may take; 5 s where not given. */
  patienceMs?: number;
}

/** `refused` comes with a sentence that says what to change. */
export type Started =
  | { kind: 'connected'; connection: QueueConnection; warnings: string[] }
  | { kind: 'refused'; sentence: string }
  | { kind: 'abandoned' };

/** Connects once Redis can be used. */
export async function awaitStore({ onWaiting, inContainer = isInContainer(), ...options }: StoreStart): Promise<Started> {
  const { abandon } = options;
  const parsed = parseRedisUrl(options.url, options.tls);
  if (!parsed.ok) return { kind: 'refused', sentence: parsed.problem };
  const place = { address: parsed.address, inContainer };
  let said = '';
  while (!abandon.aborted) {
    try {
      const { refusal, warnings } = await look(options);
      if (refusal !== undefined) return { kind: 'refused', sentence: `Redis at ${shownAddress(place.address)} cannot be used. ${refusal}` };
      return { kind: 'connected', connection: await connectQueue(options), warnings };
    } catch (error) {
      if (abandon.aborted) break;
      if (!(error instanceof StoreError)) throw error;
      const sentence = startSentence(error, place);
      if (isLasting(error)) return { kind: 'refused', sentence };
      if (sentence !== said) onWaiting(`Waiting for Redis. ${sentence}`);
      said = sentence;
      await delay(pauseMs, undefined, { signal: abandon }).catch(() => undefined);
    }
  }
  return { kind: 'abandoned' };
}

/** Checks the server over a connection of its own. Throws a StoreError where that does not work, or takes too long. */
async function look(options: Omit<StoreStart, 'onWaiting' | 'inContainer'>): Promise<ServerCheck> {
  const late = AbortSignal.timeout(options.patienceMs ?? patienceMs);
  const abandon = AbortSignal.any([options.abandon, late]);
  try {
    const trial = await connectQueue({ url: options.url, ...(options.tls && { tls: options.tls }), whenDown: 'fail', abandon });
    const close = () => void trial.close();
    abandon.addEventListener('abort', close);
    try {
      return await trial.checkServer();
    } finally {
      abandon.removeEventListener('abort', close);
      await trial.close();
    }
  } catch (error) {
    throw late.aborted ? new StoreError('away', 'SILENT', 'no answer', error) : error;
  }
}
