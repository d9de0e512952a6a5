/** What a supervisor and its executors say to each other, over the channel that forking opens. */

import type { ModelSpec } from '@inferq/core/model.ts';
import type { RedisTlsFiles } from '@inferq/queue/redis-tls.ts';
import type { FailedLoad, ModelRef, WarmUpRemarks } from '../engine.ts';
import type { LogLevel } from '../log.ts';
import type { QueueShare } from '../queue-shares.ts';
import type { ModelVersion } from '../repository/repository.ts';

/** Where an executor logs: its supervisor's standard output. Its own is for what handlers print past the log. */
export const logDescriptor = 4;

export interface ExecutorOptions {
  /** Unique for each start. */
  name: string;
  worker: string;
  /** What results say: `cpu`, or `cuda:` and the ordinal as the user gave it. */
  device: string;
  /** What the engine is given: CUDA_VISIBLE_DEVICES has left it one device. */
  engineDevice: 'cpu' | 'cuda:0';
  threads: number;
  redisUrl: string;
  redisTls?: RedisTlsFiles;
  leaseMs: number;
  shares: QueueShare[];
  models: readonly ModelVersion[];
  logLevel: LogLevel;
}

export type ToExecutor =
  | { kind: 'load'; options: ExecutorOptions }
  /** It is registered, and may claim. */
  | { kind: 'go' }
  | { kind: 'ping' }
  /** Finish within `graceMs`, give back the rest, and end. A second one shortens the first. */
  | { kind: 'stop'; graceMs: number };

/**
 * Why an executor ends by itself. `stuck`: it cannot go on, and all it held is settled or given back. `struck`: the queue does not know it
 * any more. `broken`: what runs dies with it, and is to blame.
 */
export type EndReason = 'stuck' | 'struck' | 'broken';

/** What an executor could load, and what not. */
export interface Loaded {
  models: ModelSpec[];
  failed: FailedLoad[];
  /** Of models that are loaded all the same. */
  remarks: (ModelRef & WarmUpRemarks)[];
}

export type FromExecutor =
  | { kind: 'pong' }
  | ({ kind: 'loaded' } & Loaded)
  /** It cannot load: one sentence. */
  | { kind: 'refused'; message: string }
  | { kind: 'ending'; reason: EndReason; message: string }
  | { kind: 'stopped' };
