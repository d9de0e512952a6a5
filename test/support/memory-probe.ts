/** Loaded into a server before its own code: answers its parent with the memory that is in use, after collecting garbage. */

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Bytes. */
export interface Heap {
  kind: 'memory';
  /** Objects of JavaScript. */
  heapUsed: number;
  /** Buffers, and what native code counts to them. */
  external: number;
}

setFlagsFromString('--expose-gc');
// Gives back what is empty too: by itself, a process that rests does so within about a quarter of a minute.
const collect = runInNewContext(`() => gc({ type: 'major', execution: 'sync', flavor: 'last-resort' })`) as () => void;

process.on('message', (message) => {
  if (message !== 'memory') return;
  collect();
  // What is freed by callbacks that the first collection called goes with the second.
  setImmediate(() => {
    collect();
    const { heapUsed, external } = process.memoryUsage();
    process.send?.({ kind: 'memory', heapUsed, external } satisfies Heap);
  });
});
