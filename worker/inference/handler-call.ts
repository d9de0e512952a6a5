/** One call of a handler's `run` or `step`, and what becomes of its items where something goes wrong, inside of it or beside it. */

import { setTimeout as sleep } from 'node:timers/promises';
import type { EngineOutcome } from '../engine.ts';
import type { Handler } from '../handler.ts';
import { failed, isA, isBeyondRepair } from './errors.ts';
import { ItemError, type LiveItem } from './live-item.ts';
import { inScope, type Scope } from './scope.ts';

/** How long a call may go on after an error beside it has ended its items. */
const graceMs = 2_000;

/** A handler with what its `load` returned. */
export interface LoadedHandler {
  handler: Handler<unknown>;
  state: unknown;
}

/** Its items are settled, and it does not return: only ending the thread ends it. */
export class CallDoesNotReturn extends Error {}

/**
 * What `run` or `step` throws fails the items that it left unsettled; so does a `run` that settles too few. Where it throws what one of
 * its items has told it, the others are given back.
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

/** Given back uncharged, to run alone. */
const suspect: EngineOutcome = { kind: 'suspect' };

/** What an item of the call has told its handler is about this item and no other. */
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
    // A copy: a handler may do with its list what it likes.
    const items = [...this.#items];
    const work = inScope(this, async () => (handler.step ? handler.step(items, state) : handler.run(items, state)));
    await Promise.race([work, this.#tooLong()]);
  }

  /**
   * An error beside the call: in a promise that nobody awaits, a timer, an event. It is charged to the one task that can have caused it.
   * Of several it proves nothing: each is given back uncharged, to run alone.
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
    throw new CallDoesNotReturn(`a call of ${this.model} does not return after an error beside it`);
  }
}
