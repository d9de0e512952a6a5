/** One JSON line for each change of state; calls are not logged. */

import { plainJson } from '@inferq/core/plain-text.ts';
import { type Logger, pino } from 'pino';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';
export type Log = Logger;

/** Of lines that cannot be written, because the disk is full, so many bytes wait. */
const maxLength = 1_048_576;

/** A log on standard output. */
export function openLog(level: LogLevel): Log {
  const bindings = { pid: process.pid };
  const hooks = { streamWrite: plainJson };
  const destination = pino.destination({ dest: 1, sync: true, maxLength });
  // A log that cannot be written has no place to say so, and is no reason to end.
  destination.on('error', () => {});
  return pino({ level, base: bindings, hooks, timestamp: pino.stdTimeFunctions.isoTime }, destination);
}
