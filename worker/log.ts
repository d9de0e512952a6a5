/** One JSON line for each change of state. Written synchronously: an executor ends by SIGKILL and must not lose its last line. */

import { plainJson } from '@inferq/core/plain-text.ts';
import { type Logger, pino } from 'pino';

export const logLevels = ['debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];
export type Log = Logger;

/** A log on standard output; every line carries `bindings`. */
export function openLog(level: LogLevel, bindings: object): Log {
  const hooks = { streamWrite: plainJson };
  return pino({ level, base: bindings, hooks, timestamp: pino.stdTimeFunctions.isoTime }, pino.destination({ dest: 1, sync: true }));
}
