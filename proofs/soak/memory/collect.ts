/**
 * Collects a process' garbage every few seconds, gives its pages back, and notes what lives. Imported by the soak, and preloaded
 * into every process and thread that it measures: left alone, V8 lets a heap grow for minutes before it collects, by as much as
 * 100 MiB, and the resident set shows the garbage instead of what lives.
 */

import { writeFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { threadId } from 'node:worker_threads';
import { noteOf } from './live-heap.ts';

const everyMs = 5_000;

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as NodeJS.GCFunction;

setInterval(() => {
  collect({ type: 'major', execution: 'sync', flavor: 'last-resort' });
  const { heapUsed, external } = process.memoryUsage();
  const note = noteOf(process.pid, threadId);
  if (note !== undefined) writeFileSync(note, String(heapUsed + external));
}, everyMs).unref();
