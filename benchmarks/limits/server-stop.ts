/** A server that stops lets its clients go, and a client that streams to it goes on as soon as the server is back. */

import { setTimeout as pause } from 'node:timers/promises';
import { InferqClient, type SubmitManyItem, tensor } from '@inferq/client/index.ts';
import { freePort, startRedis } from '@inferq/test/support/redis.ts';
import { startProcess } from '@inferq/test/support/stack.ts';
import type { Limit } from './limit.ts';

/** Between two items: the stream is never quiet, and leaves the processor to those who start. */
const paceMs = 10;
const image = tensor.fp32([1, 64], new Array<number>(64).fill(0.5));

async function* items(): AsyncGenerator<SubmitManyItem> {
  for (;;) {
    yield { submit: { model: 'digits', inputs: { image } }, follow: 'end' };
    await pause(paceMs);
  }
}

/** One submitMany that goes on and on. */
class Stream {
  readonly #done: Promise<void>;
  #lastAt = performance.now();
  #longestMs = 0;
  #onAccepted: () => void = () => {};

  constructor(client: InferqClient, signal: AbortSignal) {
    this.#done = this.#read(client, signal);
    // Whoever waits for the next answer is told.
    this.#done.catch(() => {});
  }

  async #read(client: InferqClient, signal: AbortSignal): Promise<void> {
    for await (const output of client.submitMany(items(), { signal })) {
      if (output.kind === 'refused') throw output.error;
      if (output.kind === 'event') continue;
      const now = performance.now();
      this.#longestMs = Math.max(this.#longestMs, now - this.#lastAt);
      this.#lastAt = now;
      this.#onAccepted();
    }
    throw new Error('the stream ended');
  }

  /** Resolves when another item is accepted. Throws where the stream ends before. */
  async accepts(): Promise<void> {
    await Promise.race([this.#done, new Promise<void>((resolve) => (this.#onAccepted = resolve))]);
  }

  /** The longest time between two answers, in milliseconds, since this was last asked. */
  longestMs(): number {
    const longest = this.#longestMs;
    this.#longestMs = 0;
    return longest;
  }
}

interface Times {
  /** From SIGTERM until the process had ended. */
  endedMs: number;
  /** The longest time that the client had no answer, with the start of the next server in it. */
  stalledMs: number;
}

function stopLimit(name: string, about: string, atMost: number, take: (times: Times) => number): Limit {
  return {
    name,
    about,
    unit: 's',
    atMost,
    async start() {
      const redis = await startRedis();
      const address = `127.0.0.1:${await freePort()}`;
      const startServer = () => startProcess('server', ['--listen', address, '--log-level', 'warn'], redis.url);
      let server = await startServer();
      const worker = await startProcess('worker', ['--models', 'digits', '--log-level', 'warn'], redis.url);
      const client = new InferqClient({ server: address });
      const over = new AbortController();
      const stream = new Stream(client, over.signal);
      await stream.accepts();
      return {
        async once() {
          stream.longestMs();
          const begun = performance.now();
          const code = await server.stop('SIGTERM');
          const endedMs = performance.now() - begun;
          if (code !== 0) throw new Error(`the server ended with ${code}`);
          server = await startServer();
          await stream.accepts();
          return take({ endedMs, stalledMs: stream.longestMs() }) / 1_000;
        },
        async stop() {
          over.abort();
          client.close();
          await Promise.all([server.stop('SIGKILL'), worker.stop('SIGKILL')]);
          await redis.stop();
        },
      };
    },
  };
}

export const serverStop: readonly Limit[] = [
  stopLimit(
    'server-stop',
    'from SIGTERM to a server, to which a submitMany of our own client is open, until its process has ended',
    2,
    ({ endedMs }) => endedMs,
  ),
  stopLimit(
    'server-restart',
    'the longest that the client of a submitMany has no answer while its only server is stopped and started again at once',
    3,
    ({ stalledMs }) => stalledMs,
  ),
];
