/** One connection to Redis: whether it is up and, where it is not, why. */

import { StoreError } from '@inferq/core/store-error.ts';
import type { Command, Redis, RedisOptions } from 'ioredis';
import { classify, type Failure } from './classify.ts';
import { connectProblem } from './connect-problem.ts';
import { openRedis, StaleTlsFiles } from './open-redis.ts';
import type { RedisTlsFiles } from './redis-tls.ts';
import type { RedisAddress } from './redis-url.ts';

/** Where and as whom to connect. */
export interface Place {
  address: RedisAddress;
  tls?: RedisTlsFiles;
}

export interface LinkOptions {
  redis: RedisOptions;
  /** How long calls that were under way when the connection broke wait for another one; for ever, where it is not given. */
  patienceMs?: number;
  /** Whether a connection like this one works already: then the URL is not to blame where this one does not. */
  proven?: boolean;
  onUp?(): void;
  /** Called when the connection is lost, and again for each attempt to connect that fails; `wasUp` tells these apart. */
  onDown?(problem: Failure, wasUp: boolean): void;
  /** Called where the connection works, but not with what it was told to use. */
  onStale?(problem: string): void;
}

const closed: Failure = { kind: 'away', code: 'CLOSED', words: 'the connection was closed' };
/** What ioredis says where the other side closes a connection before it has said anything. */
const closedAtOnce = new Error('Connection is closed.');

export class Link {
  readonly redis: Redis;
  #up = false;
  #proven: boolean;
  #closing = false;
  #problem: Failure | undefined;

  /** A link that connects on `connect()`. Throws a StoreError where the TLS files cannot be used. */
  constructor(place: Place, { redis, patienceMs, proven = false, onUp, onDown, onStale }: LinkOptions) {
    this.#proven = proven;
    this.redis = open(place, redis);
    this.redis.on('error', (error) => {
      if (error instanceof StaleTlsFiles) onStale?.(error.message);
      else this.#problem = this.#explained(error);
    });
    this.redis.on('ready', () => {
      this.#up = true;
      this.#proven = true;
      this.#problem = undefined;
      onUp?.();
    });
    this.redis.on('close', () => {
      const wasUp = this.#up;
      this.#up = false;
      this.#problem ??= this.#proven ? closed : this.#explained(closedAtOnce);
      if (wasUp && patienceMs !== undefined) setTimeout(() => !this.#up && failUnanswered(this.redis), patienceMs).unref();
      if (!this.#closing) onDown?.(this.#problem, wasUp);
    });
  }

  get up(): boolean {
    return this.#up;
  }

  /** Why the connection is down, as far as it is known. */
  get problem(): Failure | undefined {
    return this.#up ? undefined : this.#problem;
  }

  /** Connects for the first time. With `wait` it tries until it succeeds or `abandon` fires, else it throws a StoreError. */
  async connect(whenDown: 'fail' | 'wait', abandon?: AbortSignal): Promise<void> {
    const established = Promise.withResolvers<void>();
    const giveUp = () => {
      this.close();
      const { kind, code, words } = this.#problem ?? closed;
      established.reject(new StoreError(kind, code, words));
    };
    abandon?.addEventListener('abort', giveUp);
    this.redis.once('ready', established.resolve);
    // What the promise is rejected with says less than the event before it.
    this.redis.connect().catch(() => whenDown === 'fail' && giveUp());
    try {
      await established.promise;
    } finally {
      abandon?.removeEventListener('abort', giveUp);
    }
  }

  close(): void {
    this.#closing = true;
    this.redis.disconnect();
  }

  /** What an error means. */
  #explained(error: Error): Failure {
    const problem = this.#proven ? error : connectProblem(error, this.redis.options.tls !== undefined);
    const failure = classify(problem);
    return failure.kind === 'fault' && problem !== error ? { ...classify(error), words: failure.words } : failure;
  }
}

/**
 * Fails the commands that wait to be sent again. ioredis does so only where no connection can be made: not where each new one is refused
 * its password, nor while Redis loads its data.
 */
function failUnanswered(redis: Redis): void {
  const { prevCommandQueue: waiting } = redis as unknown as { prevCommandQueue?: { shift(): { command: Command } | undefined } };
  for (let item = waiting?.shift(); item !== undefined; item = waiting?.shift()) item.command.reject(closedAtOnce);
}

function open({ address, tls }: Place, options: RedisOptions): Redis {
  try {
    return openRedis(address, tls, options);
  } catch (error) {
    const { kind, code, words } = classify(error);
    throw new StoreError(kind, code, words, error);
  }
}
