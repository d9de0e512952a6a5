/** Wires the use cases into what the server's edges call. */

import { defaults } from '@inferq/core/limits.ts';
import type { Inbox, QueueLimits, SubmissionQueue, WorkerRegistry } from '@inferq/queue/queue.ts';
import type { Broker } from '../broker.ts';
import { listDeadLetters } from './admin/dead-letters.ts';
import { listQueues, listWorkers } from './admin/fleet.ts';
import { getModel, listModels } from './admin/models.ts';
import { redrive } from './admin/redrive.ts';
import { type Clock, systemClock } from './clock.ts';
import { createRandomPool } from './random-pool.ts';
import { createRegistryCache } from './registry/registry-cache.ts';
import { type OpenStream, openSubmitStream } from './stream/submit-stream.ts';
import { createCallBindings } from './submit/call-binding.ts';
import { createPlacing } from './submit/place-task.ts';
import { submitTask } from './submit/submit-task.ts';
import { cancelTask } from './task/cancel-task.ts';
import { readInput } from './task/read-input.ts';
import { readTask } from './task/read-task.ts';
import { batchPerTick } from './tick-batch.ts';
import { createViews } from './view.ts';
import { createWatchHub } from './watch/hub.ts';
import { watchTask } from './watch/watch-task.ts';

export interface BrokerParts {
  submission: SubmissionQueue;
  registry: WorkerRegistry;
  /** This process' own, already subscribed. */
  inbox: Inbox;
  /** Queues that exist besides the default ones and those that models and workers name. */
  queues: readonly string[];
  /** As given to the queue: told in refusals and lists. */
  limits: QueueLimits;
  /** Of one task's encoded inputs and parameters. */
  maxInputBytes?: number;
  clock?: Clock;
  randomBytes?: (count: number) => Uint8Array;
}

/** `stop` ends all watches and streams with SHUTTING_DOWN and lets waits answer with their task as it stands; it cancels no task. */
export type RunningBroker = Broker & { stop(): void };

export function createBroker(given: BrokerParts): RunningBroker {
  const { submission, registry: workers, inbox, queues, limits, clock = systemClock, randomBytes = createRandomPool() } = given;
  const registry = createRegistryCache(workers, queues, clock);
  const views = createViews(submission, registry);
  const hub = createWatchHub(submission, inbox, clock);
  const inspect = batchPerTick((ids: string[]) => submission.inspect(ids));
  const maxInputBytes = given.maxInputBytes ?? defaults.maxMessageBytes;
  const placing = createPlacing({ submission, registry, clock, randomBytes, limits, maxInputBytes });
  const bindings = createCallBindings(submission, hub);
  const parts = { submission, workers, registry, views, hub, inspect, placing, bindings, clock, randomBytes, limits };
  const streams = new Set<OpenStream>();

  return {
    submit: (command, options, call) => submitTask(parts, command, options, call),
    submitMany(call) {
      const stream = openSubmitStream(parts, call, (closed) => streams.delete(closed));
      streams.add(stream);
      return stream;
    },
    getResult: (taskId, options, call) => readTask(parts, taskId, options, call),
    watch: (taskId, options, call) => watchTask(parts, taskId, options, call),
    cancel: (taskId, force) => cancelTask(parts, taskId, force),
    getInput: (taskId) => readInput(parts, taskId),
    getModel: (name, version) => getModel(registry, name, version),
    listQueues: (pageSize, token) => listQueues(parts, pageSize, token),
    listWorkers: (pageSize, token) => listWorkers(parts, pageSize, token),
    listModels: (pageSize, token) => listModels(registry, pageSize, token),
    listDeadLetters: (filter, pageSize, token) => listDeadLetters(parts, filter, pageSize, token),
    redrive: (selection, options) => redrive(parts, selection, options),
    stop() {
      for (const stream of [...streams]) stream.stop();
      hub.stop();
    },
  };
}
