/** A file as a source of bytes, of which only the parts that are looked at are read. */

import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import type { Source } from './wire.ts';

const windowBytes = 64 * 1_024;

/** Calls `use` with the file's bytes, and closes it. Throws where it cannot be read. */
export function withFile<T>(file: string, use: (source: Source) => T): T {
  const handle = openSync(file, 'r');
  try {
    return use(new FileSource(handle));
  } finally {
    closeSync(handle);
  }
}

class FileSource implements Source {
  readonly length: number;
  readonly #handle: number;
  #window: Uint8Array = new Uint8Array();
  #from = 0;

  constructor(handle: number) {
    this.#handle = handle;
    this.length = fstatSync(handle).size;
  }

  at(index: number): number {
    const here = this.#window[index - this.#from];
    if (here !== undefined) return here;
    this.#window = this.#read(index, windowBytes);
    this.#from = index;
    return this.#window[0] ?? 0;
  }

  slice(start: number, end: number): Uint8Array {
    return this.#read(start, end - start);
  }

  #read(start: number, length: number): Uint8Array {
    const bytes = new Uint8Array(Math.max(0, Math.min(length, this.length - start)));
    return bytes.subarray(0, readSync(this.#handle, bytes, 0, bytes.length, start));
  }
}
