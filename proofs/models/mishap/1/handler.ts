/** A model that fails in every way there is. Where INFERQ_JOURNAL names a folder, it notes there what each process ran and answered. */

import { randomInt } from 'node:crypto';
import { openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { defineHandler, type Item, type Tensors } from '@inferq/worker/handler';

type Note = (what: 'started' | 'answered', item: Item, nonce: number) => void;

/** One line an event, written at once: what a process did is known however it ends. */
function openJournal(folder: string | undefined): Note {
  if (!folder) return () => {};
  const file = openSync(join(folder, `${process.pid}.journal`), 'a');
  return (what, item, nonce) => void writeSync(file, `${what} ${tagOf(item)} ${item.attempt} ${nonce} ${Date.now()}\n`);
}

function tagOf(item: Item): number {
  return Number(item.inputs.tag?.data[0]);
}

function block(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

function answer(item: Item, nonce: number): Tensors {
  return { answer: { datatype: 'INT32', shape: [1, 3], data: new Int32Array([tagOf(item), item.attempt, nonce]) } };
}

function finish(item: Item, note: Note, partial = false): void {
  const nonce = randomInt(1, 2 ** 31);
  note('answered', item, nonce);
  item.complete(answer(item, nonce), { partial });
}

function aborted(item: Item): Promise<void> {
  return new Promise((resolve) => {
    if (item.signal.aborted) resolve();
    else item.signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

async function stream(item: Item, note: Note): Promise<void> {
  for (let index = 0; index < Number(item.parameters.times) && !item.signal.aborted; index++) {
    await item.emit(answer(item, index));
    await delay(Number(item.parameters.ms), undefined, { signal: item.signal }).catch(() => {});
  }
  finish(item, note, item.signal.aborted);
}

async function act(item: Item, note: Note): Promise<void> {
  note('started', item, 0);
  switch (item.parameters.act) {
    case 'busy':
      block(Number(item.parameters.ms));
      return finish(item, note);
    case 'stream':
      // An attempt that is no longer ours rejects emit; whoever runs it now streams it again.
      return stream(item, note).catch(() => {});
    case 'throw':
      if (item.attempt <= Number(item.parameters.times)) return item.fail(new Error(`attempt ${item.attempt} throws`));
      return finish(item, note);
    case 'reject':
      return item.fail('the input is refused', { code: 'INVALID_INPUT' });
    case 'overrun':
      return new Promise<void>(() => {});
    case 'partial':
      await aborted(item);
      return finish(item, note, true);
    case 'hang':
      return block(Number.POSITIVE_INFINITY);
    case 'segv':
      process.kill(process.pid, 'SIGSEGV');
      return block(Number.POSITIVE_INFINITY);
    case 'kill':
      process.kill(process.pid, 'SIGKILL');
      return block(Number.POSITIVE_INFINITY);
    default:
      return finish(item, note);
  }
}

export default defineHandler({
  load: () => openJournal(process.env.INFERQ_JOURNAL),
  async run(items, note) {
    await Promise.all(items.map((item) => act(item, note)));
  },
});
