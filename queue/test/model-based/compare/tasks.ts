/** Every task is in the one state that the oracle allows, an ended one does not change, and what it streamed and answered is whole. */

import { defaults } from '@inferq/core/limits.ts';
import { isTerminal, type TaskSnapshot } from '@inferq/core/task.ts';
import { expect } from 'vitest';
import { known, type Model, type ModelTask } from '../oracle/model.ts';
import type { System } from '../system.ts';

function believed(task: ModelTask): object {
  const { spec } = task;
  return {
    state: task.state,
    place: [spec.queue, spec.model, task.version, spec.priority],
    attempts: [task.attempt, task.charged, spec.maxAttempts],
    sequence: task.sequence,
    cancelRequested: task.cancelRequested,
    partial: task.partial,
    chunks: task.chunks.length,
    outputBytes: task.output?.length ?? 0,
    error: task.error ?? '',
    executor: task.state === 'running' ? task.executor : '',
    history: task.history,
    progress: task.progress ?? '',
    metadata: spec.metadata ? Buffer.from(spec.metadata).toString() : '',
    redriven: [task.redrivenFrom ?? '', task.redrivenTo ?? ''],
  };
}

function seen(shot: TaskSnapshot): object {
  return {
    state: shot.state,
    place: [shot.queue, shot.model, shot.version, shot.priority],
    attempts: [shot.attempt, shot.chargedAttempts, shot.maxAttempts],
    sequence: shot.sequence,
    cancelRequested: shot.cancelRequested,
    partial: shot.partial,
    chunks: shot.chunks,
    outputBytes: shot.outputBytes,
    error: shot.error?.code ?? '',
    executor: shot.state === 'running' ? shot.execution?.executor : '',
    history: shot.earlierExecutions.map(({ attempt, error }) => [attempt, error?.code ?? '']),
    progress: shot.progress ?? '',
    metadata: shot.metadata ? Buffer.from(shot.metadata).toString() : '',
    redriven: [shot.redrivenFrom ?? '', shot.redrivenTo ?? ''],
  };
}

/** A redrive alone touches a task that has ended. */
function unchanging({ sequence, redrivenTo, resultExpiresAt, ...rest }: TaskSnapshot): object {
  return rest;
}

async function compareChunks(task: ModelTask, system: System): Promise<void> {
  const read = await system.queue.submission.readChunks(task.spec.id, 0, Number.MAX_SAFE_INTEGER);
  if (task.spec.ignoreResult && isTerminal(task.state)) return expect(read, task.label).toBe('gone');
  if (read === 'gone') throw new Error(`the chunks of ${task.label} are gone`);
  expect(read.chunks.map(({ index, attempt, payload }) => [index, attempt, payload.length])).toEqual(
    task.chunks.map((payload, index) => [index, task.attempt, payload.length]),
  );
  const sequences = read.chunks.map(({ sequence }) => sequence);
  expect(new Set(sequences).size).toBe(sequences.length);
  expect(sequences).toEqual(sequences.toSorted((one, other) => one - other));
  expect(sequences.at(-1)).toBeLessThanOrEqual(task.sequence);
}

/** Called once, when a task is first seen in its terminal state. */
async function freeze(model: Model, task: ModelTask, shot: TaskSnapshot, system: System): Promise<void> {
  task.frozen = shot;
  const output = await system.queue.submission.readOutput(task.spec.id);
  expect(output ? Buffer.compare(output, task.output ?? Buffer.alloc(0)) : 'none', `the output of ${task.label}`).toBe(task.output ? 0 : 'none');
  if (task.retains === 0) return;
  const expires = shot.resultExpiresAt ?? (shot.endedAt ?? 0) + task.spec.resultTtlMs;
  const minute = Math.floor(expires / 60_000) + 1;
  const retained = model.ledger.get(minute) ?? { bytes: 0, when: 'future' };
  model.ledger.set(minute, { ...retained, bytes: retained.bytes + task.retains });
}

export async function compareTasks(model: Model, system: System): Promise<void> {
  const shots = await system.queue.submission.inspect(model.tasks.map(({ spec }) => spec.id));
  const both = model.tasks.map((task, at) => [task, shots[at]] as const);
  expect(both.filter(([task, shot]) => task.gone !== (shot === undefined)).map(([{ label }]) => `${label} is lost, or should be gone`)).toEqual([]);
  const wrong = both.filter(([task, shot]) => shot && JSON.stringify(believed(task)) !== JSON.stringify(seen(shot)));
  for (const [task, shot] of wrong) if (shot) expect({ task: task.label, ...seen(shot) }).toEqual({ task: task.label, ...believed(task) });
  for (const [task, shot] of both) {
    if (!shot || !isTerminal(task.state)) continue;
    if (!task.frozen) await freeze(model, task, shot, system);
    else expect(unchanging(shot), `${task.label} changed after its end`).toEqual(unchanging(task.frozen));
  }
  for (const task of known(model)) {
    if (task.chunks.length > 0 && task.dead !== 'past') await compareChunks(task, system);
    expect(task.charged, `charged attempts of ${task.label}`).toBeLessThanOrEqual(task.spec.maxAttempts);
    expect(task.lost, `lost leases of ${task.label}`).toBeLessThanOrEqual(defaults.lostLeases);
  }
}
