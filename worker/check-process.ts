/** A process that is sent some model versions, loads them, reports what comes of each, and ends. */

import { availableParallelism } from 'node:os';
import type { EngineListener } from './engine.ts';
import { startEngine } from './inference/start-engine.ts';
import { killOwnTree } from './process-tree.ts';
import type { ModelVersion } from './repository/repository.ts';

const silent = { level: 'silent', worker: '', executor: '', dest: 1 } as const;
// No task is ever started, so there is nothing to hear.
const nothing: EngineListener = { settled() {}, chunk() {}, progress() {}, callEnded() {}, broken() {}, faulty() {} };

// Ctrl-C ends the parent alone: this process leads a group of its own.
process.on('disconnect', killOwnTree);

process.once('message', async (models: ModelVersion[]) => {
  const options = { models, device: 'cpu', threads: availableParallelism(), reports: true, log: silent };
  const problem = await startEngine(options, nothing).then(
    () => undefined,
    (error: Error) => error.message,
  );
  // A child may be left with timers of its handlers: it ends once the answer is on its way.
  process.send?.({ problem }, () => process.exit(0));
});
