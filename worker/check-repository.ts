/** Checks a model repository without serving it: settings, then each version loaded and warmed up on the CPU. */

import { fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import type { ModelSpec } from '@inferq/core/model.ts';
import { shownSpec } from '@inferq/core/tensor/shape.ts';
import type { TensorSpec } from '@inferq/core/tensor/tensor.ts';
import type { LoadedModel } from './engine.ts';
import { killLeftovers, markedEnvironment } from './process-tree.ts';
import type { Problem } from './repository/problem.ts';
import { type ModelVersion, openRepository } from './repository/repository.ts';

/** One version, or one problem of it; `model` is a path and `version` empty where something beyond a version is wrong. */
export interface CheckLine {
  model: string;
  version: string;
  problem?: string;
  summary?: string;
}

/** What the process that loads a version answers. */
export type VersionCheck = { loaded: LoadedModel } | { problem: string };

const loadLimitMs = 5 * 60_000;

/** Each version is loaded in a process of its own, one after another: a crash there is a line here. What it starts ends with it. */
export async function checkRepository(folder: string): Promise<{ ok: boolean; lines: CheckLine[] }> {
  const { problem, broken, versions } = await openRepository(folder);
  const sentence = ({ file, problem }: Problem) => `${file}: ${problem}`;
  const lines: CheckLine[] = problem ? [{ model: '', version: '', problem: sentence(problem) }] : [];
  for (const { name, version, problems: own } of broken) {
    lines.push(...own.map((problem) => ({ model: name, version, problem: sentence(problem) })));
  }
  for (const version of versions) lines.push({ model: version.name, version: version.version, ...(await checkVersion(version)) });
  lines.sort((a, b) => a.model.localeCompare(b.model) || Number(a.version) - Number(b.version));
  return { ok: lines.every(({ problem }) => problem === undefined), lines };
}

async function checkVersion(version: ModelVersion): Promise<{ problem: string } | { summary: string }> {
  const mark = `check-${randomUUID()}`;
  const child = fork(new URL('./check-version.ts', import.meta.url), {
    env: markedEnvironment(mark),
    detached: true,
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    timeout: loadLimitMs,
    killSignal: 'SIGKILL',
  });
  let answer: VersionCheck | undefined;
  child.on('message', (message: VersionCheck) => {
    answer = message;
  });
  child.send(version);
  const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
  killLeftovers(mark, child.pid);
  if (answer && 'loaded' in answer) return { summary: summarise(answer.loaded) };
  return (
    answer ?? {
      problem: `loading it ended the process (${signal ?? `exit code ${code}`}); it crashed, or took over ${loadLimitMs / 60_000} minutes`,
    }
  );
}

function summarise({ spec, continuous, warning }: LoadedModel): string {
  const kind = spec.kind === 'onnx' ? 'ONNX' : continuous ? 'handler with step' : 'handler with run';
  const note = warning === undefined ? '' : `; note: ${warning}`;
  return `${kind}, ${signatureOf(spec)}, ${batchesOf(spec)}, queue ${spec.queue}${note}`;
}

function signatureOf({ inputs, outputs }: ModelSpec): string {
  const list = (specs: readonly TensorSpec[]) =>
    specs.map((spec) => `${spec.name} ${spec.datatype} ${shownSpec(spec)}${spec.optional ? ' (optional)' : ''}`).join(', ');
  return `${list(inputs)} -> ${list(outputs)}`;
}

function batchesOf({ maxBatchSize }: ModelSpec): string {
  return maxBatchSize === 0 ? 'no batching' : `batches of up to ${maxBatchSize} rows`;
}
