/** Makes log lines of what handlers print, with the model and the tasks of the call that printed it. */

import { StringDecoder } from 'node:string_decoder';
import { BoundedLog, longestLine } from '../bounded-log.ts';
import type { Log } from '../log.ts';
import { currentScope, type Scope } from './scope.ts';

/** How long text without a line's end waits for more of its line. */
const patienceMs = 100;
const mostTasks = 20;
/** As many characters as are kept have at most so many bytes. */
const mostBytes = 4 * longestLine;

export class HandlerOutput {
  readonly #log: Log;
  /** One for each model, so that none silences another. */
  readonly #logs = new Map<string, BoundedLog>();

  constructor(log: Log) {
    this.#log = log;
  }

  /** From now on, what is printed in this thread by `console` and by the process' streams is logged. */
  capture(): void {
    this.#captureStream(process.stdout, 'info', 'stdout');
    this.#captureStream(process.stderr, 'warn', 'stderr');
    // Node.js itself writes warnings past the streams.
    process.removeAllListeners('warning');
    process.on('warning', ({ name, message }) => this.line('warn', currentScope(), {}, `${name}: ${message}`));
  }

  line(level: 'info' | 'warn' | 'error', scope: Scope | undefined, fields: object, text: string, length?: number): void {
    const model = scope?.model ?? '';
    let log = this.#logs.get(model);
    if (!log) {
      log = new BoundedLog(scope ? this.#log.child({ model }) : this.#log);
      this.#logs.set(model, log);
    }
    const tasks = scope && scope.tasks.length > 0 ? { tasks: scope.tasks.slice(0, mostTasks) } : {};
    log.line(level, { ...tasks, ...fields }, text, length);
  }

  #captureStream(stream: NodeJS.WriteStream, level: 'info' | 'warn', name: string): void {
    const decoder = new StringDecoder('utf8');
    let held: { scope: Scope | undefined; text: string; length: number } | undefined;
    let timer: NodeJS.Timeout | undefined;
    const end = () => {
      clearTimeout(timer);
      timer = undefined;
      if (!held) return;
      const { scope, text, length } = held;
      held = undefined;
      this.line(level, scope, { stream: name }, text.trimEnd(), length > text.length ? length : undefined);
    };
    const print = (chunk: string | Buffer) => {
      const scope = currentScope();
      if (held && held.scope !== scope) end();
      held ??= { scope, text: '', length: 0 };
      // Of a chunk of many megabytes no more is decoded than can be kept.
      const text = typeof chunk === 'string' ? chunk : decoder.write(chunk.subarray(0, mostBytes));
      held.text += text.slice(0, Math.max(0, longestLine - held.text.length));
      held.length += chunk.length > mostBytes ? chunk.length : text.length;
      const last = chunk.at(-1);
      if (last === '\n' || last === 10) end();
      else timer ??= setTimeout(end, patienceMs).unref();
    };
    stream.write = (
      chunk: string | Uint8Array,
      encoding?: BufferEncoding | ((error?: Error) => void),
      written?: (error?: Error) => void,
    ) => {
      print(typeof chunk === 'string' ? chunk : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
      const callback = typeof encoding === 'function' ? encoding : written;
      if (callback) process.nextTick(callback);
      return true;
    };
  }
}
