/** Reads what lua/lib/snapshot.lua answers, from a script's reply or from a published event: both hold nested lists of bytes. */

import type { Execution, TaskError, TaskErrorCode, TaskSnapshot, TaskState } from '@inferq/core/task.ts';
import { decode } from '@msgpack/msgpack';
import { end, facts, readRecord, run, type TaskFields, times, unpackInto } from './record.ts';

/** Bytes as text. */
export function text(value: unknown): string {
  return value instanceof Uint8Array ? Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString() : String(value ?? '');
}

/** msgpack from a script: strings stay bytes. */
export function unpack(value: unknown): unknown {
  const bytes = value as Uint8Array;
  // A list has at most as many values as there are bytes: what claims more would only take memory.
  return decode(bytes, { rawStrings: true, maxArrayLength: bytes.length, maxMapLength: bytes.length });
}

function* pairs(flat: readonly unknown[]): Generator<[string, string]> {
  for (let index = 0; index < flat.length; index += 2) yield [text(flat[index]), text(flat[index + 1])];
}

function isEmpty(value: unknown): boolean {
  return !(value instanceof Uint8Array) || value.length === 0;
}

function readError(packed: unknown): TaskError | undefined {
  if (isEmpty(packed)) return undefined;
  const [code, message, detail] = (unpack(packed) as unknown[]).map(text);
  return { code: code as TaskErrorCode, message: message ?? '', detail: detail ?? '' };
}

function readExecution(packed: unknown): Execution {
  const parts = unpack(packed) as unknown[];
  const [attempt, worker, executor, device, batchTasks, batchRows, queued, ran, started, ended] = parts.map(text);
  const error = readError(parts[10]);
  return {
    attempt: Number(attempt),
    worker: worker ?? '',
    executor: executor ?? '',
    device: device ?? '',
    batchTasks: Number(batchTasks),
    batchRows: Number(batchRows),
    queuedMs: Number(queued),
    ranMs: Number(ran),
    startedAt: Number(started),
    endedAt: Number(ended),
    ...(error ? { error } : {}),
  };
}

function currentExecution(fields: TaskFields): Execution | undefined {
  if (!fields.started) return undefined;
  return {
    attempt: Number(fields.attempt),
    worker: fields.worker ?? '',
    executor: fields.executor ?? '',
    device: fields.device ?? '',
    batchTasks: Number(fields.batchTasks ?? 0),
    batchRows: Number(fields.batchRows ?? 0),
    queuedMs: Number(fields.queuedMs ?? 0),
    ranMs: Number(fields.ranMs ?? 0),
    startedAt: Number(fields.started),
    ...(fields.ended ? { endedAt: Number(fields.ended) } : {}),
  };
}

function optional<Name extends string>(name: Name, value: string | undefined): { [key in Name]?: number } {
  return (value === undefined ? {} : { [name]: Number(value) }) as { [key in Name]?: number };
}

/** What is told of a task beside its record. */
interface Beside {
  output?: Uint8Array;
  metadata?: Uint8Array;
  failure?: TaskError;
  earlierExecutions: Execution[];
}

/** A task as it stood; undefined where the script knew no such id. */
export function readSnapshot(reply: unknown): TaskSnapshot | undefined {
  if (!Array.isArray(reply)) return undefined;
  const [id, flat, output, metadata, error, history] = reply as [unknown, unknown[], unknown, unknown, unknown, unknown[]];
  const failure = readError(error);
  return snapshotOf(text(id), readRecord(pairs(flat)), {
    ...(isEmpty(output) ? {} : { output: output as Uint8Array }),
    ...(isEmpty(metadata) ? {} : { metadata: metadata as Uint8Array }),
    ...(failure ? { failure } : {}),
    earlierExecutions: (history ?? []).map(readExecution),
  });
}

/** The values of a line, in the order in which lua/lib/publish.lua writes them behind the id. */
const lineNames = [
  'state',
  'queue',
  'model',
  'version',
  ...facts,
  ...times,
  'attempt',
  'sequence',
  'worker',
  'executor',
  ...run,
  ...end,
] as const;

/** A task of which a line and an output tell all. */
export function readLine(line: string, output: Uint8Array): TaskSnapshot {
  const [id = '', ...values] = line.split(' ');
  const fields: TaskFields = {};
  unpackInto(fields, lineNames, values);
  return snapshotOf(id, fields, { ...(output.length > 0 ? { output } : {}), earlierExecutions: [] });
}

function snapshotOf(id: string, fields: TaskFields, { output, metadata, failure, earlierExecutions }: Beside): TaskSnapshot {
  const execution = currentExecution(fields);
  const hasProgress = fields.progressMessage !== undefined;
  const { flags = '' } = fields;
  const ended = ['succeeded', 'failed', 'cancelled', 'expired'].includes(fields.state ?? '');
  return {
    id,
    state: fields.state as TaskState,
    model: fields.model ?? '',
    version: fields.version ?? '',
    queue: fields.queue ?? '',
    priority: Number(fields.priority),
    attempt: Number(fields.attempt ?? 0),
    chargedAttempts: Number(fields.charged ?? 0),
    maxAttempts: Number(fields.maxAttempts),
    sequence: Number(fields.sequence),
    cancelRequested: fields.cancelRequested === '1',
    partial: fields.partial === '1',
    ignoreResult: flags.includes('i'),
    contents: flags.includes('c'),
    submittedAt: Number(fields.submitted),
    ...optional('notBefore', fields.notBefore),
    ...optional('startDeadline', fields.startDeadline),
    ...optional('startedAt', fields.started),
    ...optional('endedAt', fields.ended),
    ...optional('resultExpiresAt', fields.expires),
    ...(fields.redrivenFrom ? { redrivenFrom: fields.redrivenFrom } : {}),
    ...(fields.redrivenTo ? { redrivenTo: fields.redrivenTo } : {}),
    ...(hasProgress ? { progress: { ...optional('fraction', fields.progressFraction), message: fields.progressMessage ?? '' } } : {}),
    // The error of an earlier attempt says nothing about a task that goes on or succeeded; it stands in its execution.
    ...(failure && ended && fields.state !== 'succeeded' ? { error: failure } : {}),
    ...(execution ? { execution } : {}),
    earlierExecutions,
    ...(metadata ? { metadata } : {}),
    chunks: Number(fields.chunks ?? 0),
    lastChunkSequence: Number(fields.lastChunk ?? 0),
    outputBytes: Number(fields.outputBytes ?? 0),
    ...(output ? { output } : {}),
  };
}
