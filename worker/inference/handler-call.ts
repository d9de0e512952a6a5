/** One call of a handler's `run` or `step`, and what happens to its items if it throws, or if something it started throws outside it. */

import { setTimeout as sleep } from 'node:timers/promises';
import type { EngineOutcome } from '../engine.ts';
import type { Handler } from '../handler.ts';
import { failed, isA, isBeyondRepair } from './errors.ts';
import { ItemError, type LiveItem } from './live-item.ts';
import { inScope, type Scope } from './scope.ts';

/** How long a call may continue after an error outside it has ended its items. */
const graceMs = 2_000;

/** A handler and what its `load` returned. */
export interface LoadedHandler {
  handler: Handler<unknown>;
  state: unknown;
}

/** The items of the call are settled, but it does not return: only ending the thread can end it. */
export class CallDoesNotReturn extends Error {}

/**
 * If `run` or `step` throws, or `run` returns without settling every item, the unsettled items fail. If it throws an error that one of
 * its items raised, only that item fails, and the others run again alone.
 */
export async function callHandler(model: string, loaded: LoadedHandler, items: readonly LiveItem[]): Promise<void> {
  const call = new Call(model, items);
  const startedAt = performance.now();
  const size = { batchTasks: items.length, batchRows: items.reduce((sum, { rows }) => sum + rows, 0) };
  for (const item of items) item.call = { scope: call, startedAt: item.call?.startedAt ?? startedAt, ...size };
  try {
    await call.run(loaded);
  } catch (error) {
    if (isBeyondRepair(error) || isA(error, CallDoesNotReturn)) throw error;
    for (const item of mayHaveCaused(error, items)) item.failThrown(error);
    for (const item of items) item.end(suspect);
  }
  if (loaded.handler.step) return;
  for (const item of items) item.breach('the handler returned without settling this item; it must complete or fail every item');
}

/** Requeued without a charge, to run alone. */
const suspect: EngineOutcome = { kind: 'suspect' };

/** An error that an item raised in its handler concerns that item only. */
function mayHaveCaused(error: unknown, items: readonly LiveItem[]): readonly LiveItem[] {
  const owners = isA(error, ItemError) ? items.filter(({ key }) => key === error.key) : [];
  return owners.length > 0 ? owners : items;
}

class Call implements Scope {
  readonly model: string;
  readonly tasks: readonly string[];
  readonly #items: readonly LiveItem[];
  readonly #strayed = Promise.withResolvers<void>();

  constructor(model: string, items: readonly LiveItem[]) {
    this.model = model;
    this.tasks = items.map(({ id }) => id);
    this.#items = items;
  }

  async run({ handler, state }: LoadedHandler): Promise<void> {
    // A copy, because a handler may change its list.
    const items = [...this.#items];
    const work = inScope(this, async () => (handler.step ? handler.step(items, state) : handler.run(items, state)));
    await Promise.race([work, this.#tooLong()]);
  }

  /**
   * Handles an error outside the call: in a promise that nobody awaits, a timer or an event. If only one task can have caused it, that
   * task fails. If several can, it is unknown which one did: each is requeued without a charge, to run alone.
   */
  stray(error: unknown): void {
    const suspects = mayHaveCaused(error, this.#items).filter(({ settled }) => !settled);
    if (suspects.length === 0) return;
    for (const item of suspects) item.end(suspects.length === 1 ? failed(error) : suspect);
    this.#strayed.resolve();
  }

  async #tooLong(): Promise<never> {
    await this.#strayed.promise;
    await sleep(graceMs, undefined, { ref: false });
    throw new CallDoesNotReturn(`a call of ${this.model} does not return after an error outside it`);
  }
}
