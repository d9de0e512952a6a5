/**
 * What a process tells its parent while it loads models, on a pipe of its own. It is written in the inference thread before each step
 * and synchronously: the next thing to happen may be that native code ends the process, and then the parent must know where.
 */

import type { ChildProcess } from 'node:child_process';
import { writeSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import type { FailedLoad, LoadedModel } from './engine.ts';

/** The file descriptor of the pipe in the child: 3 is the channel that forking opens, 4 an executor's log. */
const reportFd = 5;

export type LoadStep = 'load' | 'warm-up';

/** `index` is the model's place in the list of what was to be loaded. */
export type LoadReport =
  | { kind: 'begun'; index: number; step: LoadStep }
  | { kind: 'loaded'; index: number; model: LoadedModel }
  | { kind: 'failed'; index: number; failure: FailedLoad };

export function report(line: LoadReport): void {
  writeSync(reportFd, `${JSON.stringify(line)}\n`);
}

/** Reports of a child whose `stdio` has a pipe at index 5; ends when the child has closed that, which it does by ending at the latest. */
export async function* readReports(child: ChildProcess): AsyncGenerator<LoadReport, void> {
  const pipe = (child.stdio as readonly unknown[])[reportFd] as Readable;
  for await (const line of createInterface({ input: pipe })) {
    const parsed = parse(line);
    if (parsed) yield parsed;
  }
}

/** Undefined for a line that broke off, or that something else wrote: a handler can reach the pipe. */
function parse(line: string): LoadReport | undefined {
  try {
    return JSON.parse(line) as LoadReport;
  } catch {
    return undefined;
  }
}
