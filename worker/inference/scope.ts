/**
 * To which call of a model a piece of running code belongs. Node.js carries this along into timers, promises and events, so that an error
 * or a printed line which comes later is still put down to what caused it.
 */

import { AsyncLocalStorage } from 'node:async_hooks';

export interface Scope {
  /** NAME:VERSION. */
  readonly model: string;
  /** The tasks of the call, by id; none for what has been running since the model was loaded. */
  readonly tasks: readonly string[];
  /** Hears of an error that nobody caught. The call may be over. */
  stray(error: unknown): void;
}

const scopes = new AsyncLocalStorage<Scope>();

export function inScope<T>(scope: Scope, work: () => T): T {
  return scopes.run(scope, work);
}

/** Undefined for code that belongs to no model. */
export function currentScope(): Scope | undefined {
  return scopes.getStore();
}
