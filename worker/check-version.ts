/** A process that is sent one model version, loads it, says what came of it, and ends. */

import { availableParallelism } from 'node:os';
import type { VersionCheck } from './check-repository.ts';
import type { EngineListener } from './engine.ts';
import { startEngine } from './inference/start-engine.ts';
import { killOwnTree } from './process-tree.ts';
import type { ModelVersion } from './repository/repository.ts';

const silent = { level: 'silent', worker: '', executor: '', dest: 1 } as const;
// No task is ever started, so there is nothing to hear.
const nothing: EngineListener = { settled() {}, chunk() {}, progress() {}, callEnded() {}, broken() {}, faulty() {} };

async function check(version: ModelVersion): Promise<VersionCheck> {
  try {
    const options = { models: [version], device: 'cpu', threads: availableParallelism(), log: silent };
    const { models } = await startEngine(options, nothing);
    const [loaded] = models;
    return loaded ? { loaded } : { problem: 'nothing was loaded' };
  } catch (error) {
    return { problem: (error as Error).message };
  }
}

// Ctrl-C ends the parent alone: this process leads a group of its own.
process.on('disconnect', killOwnTree);

process.once('message', async (version: ModelVersion) => {
  // A child may be left with timers of its handler: it ends once the answer is on its way.
  process.send?.(await check(version), () => process.exit(0));
});
