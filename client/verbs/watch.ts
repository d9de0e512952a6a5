/** Watch a task to its end, across broken connections. */

import { BrokerDefinition, type WatchResultRequest, type WatchResultResponse } from '../../proto/gen/inferq/v1/broker.ts';
import type { Connection } from '../connection.ts';
import { AbortedError, UnavailableError } from '../errors.ts';
import { Follow } from '../follow.ts';
import type { WatchEvent } from '../wire/event.ts';
import { type OutputOptions, outputsMessage } from '../wire/request.ts';

export interface WatchOptions {
  /** Leaving the iteration, or firing the signal, ends the watch. */
  signal?: AbortSignal;
  /** Only events after this one; by default, from the first chunk of the current attempt. */
  afterSequence?: number;
  /** Cancel the task when this client goes away. */
  cancelOnDisconnect?: boolean;
  outputs?: OutputOptions;
}

const endpoint = { service: BrokerDefinition, method: BrokerDefinition.methods.watchResult };

export async function* watch(connection: Connection, taskId: string, options: WatchOptions): AsyncGenerator<WatchEvent, void> {
  const follow = new Follow(taskId, options.afterSequence);
  const retries = connection.streamRetries();
  for (;;) {
    const { afterSequence } = follow;
    const outputs = outputsMessage(options.outputs);
    const request = { taskId, afterSequence, outputs, cancelOnDisconnect: options.cancelOnDisconnect ?? false };
    try {
      for await (const message of heardStream(connection, request, options.signal)) {
        retries.succeeded();
        if (message.snapshot) yield* follow.snapshot(message.snapshot);
        for (const event of message.events) yield* follow.event(event);
        if (follow.ended) return;
      }
      throw new UnavailableError('the server ended the watch before the task', { code: 'UNAVAILABLE' });
    } catch (error) {
      await retries.wait(error, options.signal);
    }
  }
}

/** The messages of one try; one that falls silent ends like one that breaks. */
async function* heardStream(
  connection: Connection,
  request: WatchResultRequest,
  signal: AbortSignal | undefined,
): AsyncGenerator<WatchResultResponse, void> {
  const silence = new AbortController();
  const { silenceMs } = connection.internals;
  const timer = setTimeout(() => silence.abort(), silenceMs);
  const either = signal ? AbortSignal.any([signal, silence.signal]) : silence.signal;
  try {
    for await (const message of connection.serverStream(endpoint, request, either)) {
      timer.refresh();
      yield message;
    }
  } catch (error) {
    if (signal?.aborted) throw new AbortedError(signal);
    if (!silence.signal.aborted) throw error;
    throw new UnavailableError(`the server has been silent for ${silenceMs / 1_000} s`, { code: 'UNAVAILABLE' });
  } finally {
    clearTimeout(timer);
  }
}
