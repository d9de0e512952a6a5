/** One JSON line for each change of state. Written synchronously: an executor ends by SIGKILL and must not lose its last line. */

import { plainJson } from '@inferq/core/plain-text.ts';
import { type Logger, pino } from 'pino';

export const logLevels = ['debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];
export type Log = Logger;

const stdout = 1;
/** Of lines that cannot be written, because the disk is full, so many bytes wait. */
const maxLength = 1_048_576;

/** A log on standard output, or on the file descriptor `dest`; every line carries `bindings`. */
export function openLog(level: LogLevel, bindings: object, dest = stdout): Log {
  const destination = pino.destination({ dest, sync: true, maxLength });
  // A log that cannot be written has no place to say so, and is no reason to end.
  destination.on('error', () => {});
  const hooks = { streamWrite: plainJson };
  return pino({ level, base: bindings, hooks, timestamp: pino.stdTimeFunctions.isoTime }, destination);
}
