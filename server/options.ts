/** What a server can be told. */

import { isName, nameRule, shown } from '@inferq/core/names.ts';
import type { QueueLimits } from '@inferq/queue/queue.ts';
import type { RedisTlsFiles } from '@inferq/queue/redis-tls.ts';
import { parseRedisUrl } from '@inferq/queue/redis-url.ts';
import type { TlsFiles } from './grpc/credentials.ts';
import { splitAddress } from './grpc/listen.ts';
import type { LogLevel } from './log.ts';
import { UsageError } from './usage-error.ts';

export interface ServerOptions {
  /** `redis://`, `rediss://` or `unix:///path`. */
  redisUrl: string;
  /** For `rediss://`. */
  redisTls?: RedisTlsFiles;
  /** 'HOST:PORT'; port 0 takes a free one. */
  listen: string;
  /** The largest message, and the largest input of one task. */
  maxMessageBytes: number;
  /** Queues that exist besides the default ones and those of models and workers. */
  queues: readonly string[];
  limits: QueueLimits;
  /** How many processes share the address. */
  processes: number;
  tls?: TlsFiles;
  logLevel: LogLevel;
  /** How long a silent worker keeps its tasks; as the workers have it. */
  leaseMs?: number;
}

const mostProcesses = 256;

/** grpc-js holds a message in one buffer, whose length travels in 32 bits. */
const largestMessage = 2 ** 31 - 1;

/** Throws a UsageError for what can be seen to be wrong before anything is connected. */
export function checkServerOptions({ redisUrl, redisTls, listen, maxMessageBytes, queues, processes }: ServerOptions): void {
  const redis = parseRedisUrl(redisUrl, redisTls);
  if (!redis.ok) throw new UsageError(redis.problem);
  splitAddress(listen);
  if (!Number.isInteger(maxMessageBytes) || maxMessageBytes < 1 || maxMessageBytes > largestMessage) {
    throw new UsageError(`--max-message-size is ${maxMessageBytes} bytes, but must be between 1 and ${largestMessage}`);
  }
  if (!Number.isInteger(processes) || processes < 1 || processes > mostProcesses) {
    throw new UsageError(`--processes is ${processes}, but must be between 1 and ${mostProcesses}`);
  }
  const wrong = queues.find((name) => !isName(name));
  if (wrong !== undefined) throw new UsageError(`"${shown(wrong)}" is not a valid queue name: use ${nameRule}`);
}
