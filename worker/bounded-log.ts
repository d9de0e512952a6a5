/** Writes to the log what handlers print: so much and no more, in lines that nobody can mistake for others. */

import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import type { Log } from './log.ts';

const windowMs = 10_000;
const mostLines = 1_000;
const mostCharacters = 256 * 1_024;
/** Of one line. */
export const longestLine = 4_096;

export class BoundedLog {
  readonly #log: Log;
  #endsAt = 0;
  #lines = 0;
  #characters = 0;
  #dropped = { lines: 0, characters: 0 };
  #report: NodeJS.Timeout | undefined;

  constructor(log: Log) {
    this.#log = log;
  }

  /** `length` is that of the whole text, where `text` is the beginning of a longer one. */
  line(level: 'info' | 'warn' | 'error', fields: object, text: string, length = text.length): void {
    const now = performance.now();
    if (now >= this.#endsAt) this.#beginWindow(now);
    const kept = text.slice(0, longestLine);
    if (this.#lines >= mostLines || this.#characters + kept.length > mostCharacters) {
      this.#dropped.lines += 1;
      this.#dropped.characters += length;
      this.#report ??= setTimeout(() => this.#beginWindow(performance.now()), this.#endsAt - now).unref();
      return;
    }
    this.#lines += 1;
    this.#characters += kept.length;
    this.#log[level](fields, length > kept.length ? `${kept}... (${length - kept.length} more characters)` : kept);
  }

  #beginWindow(now: number): void {
    clearTimeout(this.#report);
    this.#report = undefined;
    const { lines, characters } = this.#dropped;
    if (lines > 0) this.#log.warn({ lines, characters }, 'output of a handler was dropped: it printed too much');
    this.#dropped = { lines: 0, characters: 0 };
    this.#lines = 0;
    this.#characters = 0;
    this.#endsAt = now + windowMs;
  }
}

/** Logs what comes out of a pipe, line by line; of a line without an end only the beginning is kept. */
export function logPipe(pipe: Readable, write: (text: string, length: number) => void): void {
  const decoder = new StringDecoder('utf8');
  let text = '';
  let length = 0;
  const add = (part: string) => {
    text += part.slice(0, Math.max(0, longestLine - text.length));
    length += part.length;
  };
  const end = () => {
    if (length > 0) write(text, length);
    text = '';
    length = 0;
  };
  pipe.on('data', (data: Buffer) => {
    const [first = '', ...others] = decoder.write(data).split('\n');
    add(first);
    for (const part of others) {
      end();
      add(part);
    }
  });
  pipe.on('end', end);
}
