/** Queues and workers as programs read them. */

import { Queue as WireQueue, Worker as WireWorker } from '../../proto/gen/inferq/v1/fleet.ts';
import { type Dictionary, dictionary } from './dictionary.ts';
import { protobufJson } from './json.ts';
import { durationMs } from './time.ts';

export interface Queue {
  name: string;
  waitingByPriority: Record<number, number>;
  /** Released, reclaimed or suspect tasks, which go first. */
  waitingReturned: number;
  running: number;
  scheduled: number;
  /** Dead letters. */
  dead: number;
  /** Of the oldest waiting task. */
  oldestAgeMs: number | undefined;
  bytes: number;
  maxTasks: number;
  maxBytes: number;
  liveExecutors: number;
  endedByState: Dictionary<number>;
  /** The message in protobuf's JSON form. */
  toJSON(): unknown;
}

export interface Worker {
  name: string;
  host: string;
  pid: number;
  startTime: Date | undefined;
  /** In the order served. Weight 0: strictly before what follows. */
  queues: { queue: string; weight: number }[];
  executors: Executor[];
  /** What it was to serve and could not load. The version is empty for a model that has no valid one. */
  failedModels: { name: string; version: string; reason: string }[];
  /** The message in protobuf's JSON form. */
  toJSON(): unknown;
}

export interface Executor {
  name: string;
  device: string;
  models: { name: string; version: string }[];
  runningTaskIds: string[];
  restarts: number;
  /** How its predecessor ended; empty for the first. */
  lastExit: string;
}

/** The readable form of a message. */
export function queueOf(raw: WireQueue): Queue {
  const { oldestAge, ...same } = raw;
  return {
    ...same,
    waitingByPriority: numbers(raw.waitingByPriority),
    endedByState: numbers(raw.endedByState),
    waitingReturned: Number(raw.waitingReturned),
    running: Number(raw.running),
    scheduled: Number(raw.scheduled),
    dead: Number(raw.dead),
    oldestAgeMs: oldestAge && durationMs(oldestAge),
    bytes: Number(raw.bytes),
    maxTasks: Number(raw.maxTasks),
    maxBytes: Number(raw.maxBytes),
    toJSON: () => protobufJson(WireQueue.toJSON(raw)),
  };
}

/** The readable form of a message. */
export function workerOf(raw: WireWorker): Worker {
  return { ...raw, toJSON: () => WireWorker.toJSON(raw) };
}

function numbers(counts: ReadonlyMap<string | number, bigint>): Dictionary<number> {
  return dictionary([...counts].map(([key, count]) => [key, Number(count)]));
}
