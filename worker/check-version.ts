/** A process that loads one model version, says what came of it, and ends. Arguments: repository, model, version. */

import { availableParallelism } from 'node:os';
import type { VersionCheck } from './check-repository.ts';
import type { EngineListener } from './engine.ts';
import { startEngine } from './inference/start-engine.ts';
import { killOwnTree } from './process-tree.ts';

const [repository = '', name = '', version = ''] = process.argv.slice(2);
const silent = { level: 'silent', worker: '', executor: '' } as const;
// No task is ever started, so there is nothing to hear.
const nothing: EngineListener = { settled() {}, chunk() {}, progress() {}, callEnded() {}, broken() {}, faulty() {} };

async function check(): Promise<VersionCheck> {
  try {
    const options = { models: [{ name, version, repository }], device: 'cpu', threads: availableParallelism(), log: silent };
    const { models } = await startEngine(options, nothing);
    const [loaded] = models;
    return loaded ? { loaded } : { problem: 'nothing was loaded' };
  } catch (error) {
    return { problem: (error as Error).message };
  }
}

// Ctrl-C ends the parent alone: this process leads a group of its own.
process.on('disconnect', killOwnTree);

// A child may be left with timers of its handler: it ends once the answer is on its way.
process.send?.(await check(), () => process.exit(0));
