/** Every task is in the one state that the oracle allows, an ended one does not change, and what it streamed and answered is whole. */

import { defaults } from '@inferq/core/limits.ts';
import { isTerminal, type TaskSnapshot } from '@inferq/core/task.ts';
import { agree } from '../agree.ts';
import { keepsInput, known, type Model, type ModelTask, ownsInput } from '../oracle/model.ts';
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
  if (task.spec.ignoreResult && isTerminal(task.state)) {
    agree(read, 'gone', `the chunks of ${task.label}, whose result is ignored`);
    return;
  }
  if (read === 'gone') throw new Error(`the chunks of ${task.label} are gone`);
  agree(
    read.chunks.map(({ index, attempt, payload }) => [index, attempt, payload.length]),
    task.chunks.map((payload, index) => [index, task.attempt, payload.length]),
    `the chunks of ${task.label}`,
  );
  const sequences = read.chunks.map(({ sequence }) => sequence);
  const rising = sequences.every((sequence, at) => sequence > (sequences[at - 1] ?? 1) && sequence <= task.sequence);
  agree(rising, true, `whether the sequences of the chunks of ${task.label} rise: ${sequences}`);
}

/** Called once, when a task is first seen in its terminal state. */
async function freeze(model: Model, task: ModelTask, shot: TaskSnapshot, system: System): Promise<void> {
  task.frozen = shot;
  const output = await system.queue.submission.readOutput(task.spec.id);
  agree(output ? Buffer.compare(output, task.output ?? Buffer.alloc(0)) : 'none', task.output ? 0 : 'none', `the output of ${task.label}`);
  const input = await system.queue.submission.readInput(task.spec.id);
  const believedInput = keepsInput(task) || ownsInput(task) ? task.spec.input : undefined;
  agree(input && Buffer.from(input).equals(believedInput ?? Buffer.alloc(0)), believedInput && true, `the input of ${task.label}`);
  if (task.retains === 0) return;
  const expires = shot.resultExpiresAt ?? (shot.endedAt ?? 0) + task.spec.resultTtlMs;
  const minute = Math.floor(expires / 60_000) + 1;
  const bytes = (model.ledger.get(minute)?.bytes ?? 0) + task.retains;
  model.ledger.set(minute, { bytes, when: 'future' });
}

export async function compareTasks(model: Model, system: System): Promise<void> {
  const shots = await system.queue.submission.inspect(model.tasks.map(({ spec }) => spec.id));
  const both = model.tasks.map((task, at) => [task, shots[at]] as const);
  agree(
    both.filter(([task, shot]) => task.gone !== (shot === undefined)).map(([{ label }]) => `${label} is lost, or should be gone`),
    [],
    'records',
  );
  const wrong = both.filter(([task, shot]) => shot && JSON.stringify(believed(task)) !== JSON.stringify(seen(shot)));
  for (const [task, shot] of wrong)
    if (shot) agree({ task: task.label, ...seen(shot) }, { task: task.label, ...believed(task) }, `what ${task.label} looks like`);
  for (const [task, shot] of both) {
    if (!shot || !isTerminal(task.state)) continue;
    if (!task.frozen) await freeze(model, task, shot, system);
    else agree(unchanging(shot), unchanging(task.frozen), `${task.label} changed after its end`);
  }
  for (const task of known(model)) {
    if (task.chunks.length > 0) await compareChunks(task, system);
    agree(task.charged <= task.spec.maxAttempts, true, `whether ${task.label} was charged no more than it may be`);
    agree(task.lost <= defaults.lostLeases, true, `whether ${task.label} lost no more leases than it may`);
  }
}
