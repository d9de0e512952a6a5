/** What a worker is started with. */

import { defaults } from '@inferq/core/limits.ts';
import type { RedisTlsFiles } from '@inferq/queue/redis-tls.ts';
import { parseRedisUrl } from '@inferq/queue/redis-url.ts';
import * as z from 'zod';
import { logLevels } from './log.ts';
import { UsageError } from './usage-error.ts';

function whole(what: string, min: number, max: number, unit = ' of milliseconds') {
  const problem = `${what} must be a whole number${unit} from ${min} to ${max}`;
  return z.number(problem).int(problem).min(min, problem).max(max, problem);
}

const hour = 3_600_000;
const mostThreads = 1_024;
/** Lost tasks are looked for once a second, by processes that were in touch with Redis within a third of a lease. */
const shortestLeaseMs = 5_000;

export const workerOptionsSchema = z.strictObject({
  /** `redis://`, `rediss://` or `unix:///path`. */
  redisUrl: z.string('a Redis URL is needed'),
  /** For `rediss://`: paths of PEM files. */
  redisTls: z.custom<RedisTlsFiles>().optional(),
  /** The folder of the model repository. */
  repository: z.string('a model repository is needed: name its folder').min(1, 'a model repository is needed: name its folder'),
  /** `digits,charlm:2`; without it, the latest version of every model. */
  models: z.string().optional(),
  /** Whether one model that cannot be loaded keeps the worker from starting; without it, the others are served. */
  strict: z.boolean().default(false),
  /** `realtime,default:2,batch:1`; without it, the standard queues and those that the models name, strictly in that order. */
  queues: z.string().optional(),
  /** `cpu,cpu`, `0,1` or `auto`. */
  devices: z.string().default('cpu'),
  /** Of the operators of each executor's models; without it, its share of the cores. */
  threads: whole('the number of threads', 1, mostThreads, '').optional(),
  name: z.string().optional(),
  logLevel: z.enum(logLevels, `the log level must be one of ${logLevels.join(', ')}`).default('info'),
  /** How long a stop lets running tasks finish. */
  graceMs: whole('the grace time', 0, hour).default(defaults.graceMs),
  /** How long what a vanished worker held stays its own. The same on all workers and servers. */
  leaseMs: whole('the lease', shortestLeaseMs, hour).default(defaults.leaseMs),
});

/** What the caller gives; defaults fill in the rest. */
export type WorkerOptions = z.input<typeof workerOptionsSchema>;
export type CheckedWorkerOptions = z.output<typeof workerOptionsSchema>;

/** Checks options and fills in defaults. Throws UsageError, naming the first thing that is wrong. */
export function checkWorkerOptions(options: WorkerOptions): CheckedWorkerOptions {
  const checked = workerOptionsSchema.safeParse(options);
  if (!checked.success) throw wrong(checked.error.issues[0]?.message ?? 'the options are not valid');
  const redis = parseRedisUrl(checked.data.redisUrl, checked.data.redisTls);
  if (!redis.ok) throw wrong(redis.problem);
  return checked.data;
}

function wrong(problem: string): UsageError {
  return new UsageError(`${problem[0]?.toUpperCase()}${problem.slice(1)}.`);
}
