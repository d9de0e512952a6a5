/** Collects what is asked for in one tick of the event loop into few calls. */

import { limits } from '@inferq/core/limits.ts';
import { isFault } from '@inferq/core/store-error.ts';

interface Waiting<Item, Answer> {
  item: Item;
  resolve(answer: Answer): void;
  reject(error: unknown): void;
}

/**
 * A function that answers one item, out of calls of `send` for many: all items of a tick, in the order given, at most
 * `itemsPerCall` and about `bytesPerCall` each. `send` answers in the order of its items, and may get an item a second time.
 */
export function batchPerTick<Item, Answer>(
  send: (items: Item[]) => Promise<readonly Answer[]>,
  bytesOf: (item: Item) => number = () => 0,
): (item: Item) => Promise<Answer> {
  let waiting: Waiting<Item, Answer>[] = [];

  const flush = () => {
    const all = waiting;
    waiting = [];
    for (const call of split(all, bytesOf)) void answer(call, send);
  };
  return (item) =>
    new Promise<Answer>((resolve, reject) => {
      // setImmediate runs after all input of this tick was read, so that it is seen together.
      if (waiting.length === 0) setImmediate(flush);
      waiting.push({ item, resolve, reject });
    });
}

function split<Item, Answer>(all: Waiting<Item, Answer>[], bytesOf: (item: Item) => number): Waiting<Item, Answer>[][] {
  const calls: Waiting<Item, Answer>[][] = [];
  let bytes = 0;
  for (const one of all) {
    const size = bytesOf(one.item);
    const last = calls.at(-1);
    if (last === undefined || last.length === limits.itemsPerCall || bytes + size > limits.bytesPerCall) {
      calls.push([one]);
      bytes = size;
    } else {
      last.push(one);
      bytes += size;
    }
  }
  return calls;
}

async function answer<Item, Answer>(call: Waiting<Item, Answer>[], send: (items: Item[]) => Promise<readonly Answer[]>): Promise<void> {
  try {
    const answers = await send(call.map(({ item }) => item));
    for (const [index, { resolve }] of call.entries()) resolve(answers[index] as Answer);
  } catch (error) {
    // The fault may lie with one of the items: the others must not pay for it.
    if (isFault(error) && call.length > 1) for (const one of call) void answer([one], send);
    else for (const { reject } of call) reject(error);
  }
}
