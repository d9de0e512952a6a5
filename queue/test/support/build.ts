/** Small builders: what a test does not name has a plain value. */

import { randomBytes } from 'node:crypto';
import { defaults, limits } from '@inferq/core/limits.ts';
import type { ModelSpec } from '@inferq/core/model.ts';
import { newTaskId } from '@inferq/core/task-id.ts';
import type { ClaimRequest, ExecutorEntry, NewTask, PoolClaim, WorkerEntry } from '../../queue.ts';

export function newId(): string {
  return newTaskId(Date.now(), 0, randomBytes(14));
}

export function newTask(parts: Partial<NewTask> = {}): NewTask {
  return {
    id: newId(),
    model: 'm',
    version: '1',
    openVersion: false,
    queue: 'default',
    priority: defaults.priority,
    maxAttempts: defaults.maxAttempts,
    rows: 1,
    signature: '',
    hardLimitMs: defaults.hardLimitMs,
    resultTtlMs: defaults.resultTtlMs,
    ignoreResult: false,
    contents: false,
    keepInput: false,
    input: Buffer.from('an input'),
    ...parts,
  };
}

export function pool(parts: Partial<PoolClaim> = {}): PoolClaim {
  return { queue: 'default', model: 'm', version: '1', maxTasks: 1, maxRows: 1_000, ...parts };
}

export function claimRequest(parts: Partial<ClaimRequest> = {}): ClaimRequest {
  return {
    executor: 'x1',
    worker: 'w1',
    device: 'cpu',
    queues: [[pool()]],
    maxBytes: limits.batchBytes,
    waitForBell: false,
    solo: true,
    ...parts,
  };
}

export function executorEntry(name: string, parts: Partial<ExecutorEntry> = {}): ExecutorEntry {
  return { name, device: 'cpu', models: [{ name: 'm', version: '1' }], restarts: 0, lastExit: '', ...parts };
}

export function workerEntry(parts: Partial<WorkerEntry> = {}): WorkerEntry {
  return {
    name: 'w1',
    instance: 'i1',
    host: 'h',
    pid: 1,
    startedAt: 0,
    queues: [{ queue: 'default', weight: 0 }],
    executors: [executorEntry('x1')],
    failedModels: [],
    ...parts,
  };
}

export function modelSpec(parts: Partial<ModelSpec> = {}): ModelSpec {
  return {
    name: 'm',
    version: '1',
    digest: 'd1',
    kind: 'onnx',
    description: '',
    inputs: [],
    outputs: [],
    parameters: [],
    queue: 'default',
    maxBatchSize: 8,
    maxRows: 100,
    retry: { maxAttempts: 3, delayMs: 1, factor: 2, maxDelayMs: 10 },
    hardLimitMs: 1_000,
    resultTtlMs: 1_000,
    ignoreResult: false,
    ...parts,
  };
}
