/** One JSON line for each change of state; calls are not logged. */

import { plainJson } from '@inferq/core/plain-text.ts';
import { type Logger, pino } from 'pino';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';
export type Log = Logger;

/** A log on standard output. */
export function openLog(level: LogLevel): Log {
  const bindings = { pid: process.pid };
  const hooks = { streamWrite: plainJson };
  return pino({ level, base: bindings, hooks, timestamp: pino.stdTimeFunctions.isoTime }, pino.destination({ dest: 1, sync: true }));
}
