/** Loads model versions in processes of their own, so that a crash costs its own version only. */

import { type ChildProcess, fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { modelLabel } from '@inferq/core/names.ts';
import type { LoadedModel } from './engine.ts';
import { readReports } from './load-report.ts';
import { LoadWatch } from './load-watch.ts';
import { killLeftovers, markedEnvironment } from './process-tree.ts';
import type { ModelVersion } from './repository/repository.ts';
import { listVersionFiles } from './repository/version-files.ts';

export type CheckOutcome = { loaded: LoadedModel } | { problem: string };

export interface CheckedVersion {
  version: ModelVersion;
  outcome: CheckOutcome;
}

/** Graphs share a process, which takes longer to start than a small one takes to load, and its memory: so many, of so many bytes. */
const mostInGroup = 64;
const mostGroupBytes = 64 * 1_048_576;
const slowLoadMs = 5_000;
const lookMs = 500;

/** In the order given, each as soon as it is known. */
export async function* checkVersions(
  versions: readonly ModelVersion[],
  onSlow: (label: string, seconds: number) => void,
): AsyncGenerator<CheckedVersion, void> {
  let checked = 0;
  while (checked < versions.length) {
    for await (const one of checkGroup(await groupOf(versions.slice(checked, checked + mostInGroup)), onSlow)) {
      checked++;
      yield one;
    }
  }
}

/** Alone is a handler, because of what it may leave running, and a graph whose numbers are rounded in a way that holds for a process. */
async function groupOf(versions: readonly ModelVersion[]): Promise<ModelVersion[]> {
  const group: ModelVersion[] = [];
  let bytes = 0;
  for (const version of versions) {
    const alone = version.settings.handler !== undefined || version.settings.flush_denormals;
    // What cannot be listed is told where it is loaded.
    const files = alone ? [] : await listVersionFiles(version.folder).catch(() => []);
    bytes += files.reduce((sum, file) => sum + file.bytes, 0);
    if (group.length > 0 && (alone || bytes > mostGroupBytes)) break;
    group.push(version);
    if (alone) break;
  }
  return group;
}

/** Gives at least one: where the process ends midway, that is about the version that it was at, and what follows is left unchecked. */
async function* checkGroup(
  group: readonly ModelVersion[],
  onSlow: (label: string, seconds: number) => void,
): AsyncGenerator<CheckedVersion, void> {
  const mark = `check-${randomUUID()}`;
  const child = fork(new URL('./check-process.ts', import.meta.url), {
    env: markedEnvironment(mark),
    detached: true,
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'ignore', 'ipc', 'ignore', 'pipe'],
  });
  const ended = howItEnds(child);
  child.send(group);
  const watch = new LoadWatch(group, slowLoadMs, ({ version, sinceMs }) => onSlow(modelLabel(version), Math.round(sinceMs / 1_000)));
  let overdue: string | undefined;
  const looking = setInterval(() => {
    overdue = watch.look();
    if (overdue !== undefined) child.kill('SIGKILL');
  }, lookMs);
  let checked = 0;
  for await (const report of readReports(child)) {
    watch.hear(report);
    const version = group[report.index];
    if (!version || report.kind === 'begun') continue;
    checked = report.index + 1;
    yield { version, outcome: report.kind === 'loaded' ? { loaded: report.model } : { problem: report.failure.reason } };
  }
  const how = await ended;
  clearInterval(looking);
  killLeftovers(mark, child.pid);
  const unfinished = group[checked];
  if (unfinished) yield { version: unfinished, outcome: { problem: overdue ?? how } };
}

async function howItEnds(child: ChildProcess): Promise<string> {
  let refusal: string | undefined;
  child.on('message', ({ problem }: { problem?: string }) => {
    refusal = problem;
  });
  const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
  return refusal ?? `loading it ended the process (${signal ?? `exit code ${code}`})`;
}
