/** Many watches that are read, by a few client processes. */

import { ClientProcess } from '../client-process.ts';
import type { Ends, ReaderRequest } from '../processes/reader.ts';

const processes = 2;

export class Readers {
  readonly #helpers: ClientProcess<ReaderRequest>[];

  static async start(): Promise<Readers> {
    return new Readers(await Promise.all(Array.from({ length: processes }, () => ClientProcess.start<ReaderRequest>('reader'))));
  }

  private constructor(helpers: ClientProcess<ReaderRequest>[]) {
    this.#helpers = helpers;
  }

  /** Opens one watch more for each id; resolves when all have heard of their task. */
  async open(address: string, taskIds: readonly string[]): Promise<void> {
    await this.#all((index) => ({ do: 'open', address, taskIds: taskIds.filter((_, at) => at % processes === index) }));
  }

  /** Resolves when all watches have ended. */
  async ends(): Promise<Ends> {
    const all = await this.#all<Ends>(() => ({ do: 'await the ends' }));
    return {
      first: Math.min(...all.map(({ first }) => first)),
      last: Math.max(...all.map(({ last }) => last)),
      ended: all.reduce((sum, { ended }) => sum + ended, 0),
      violations: all.flatMap(({ violations }) => violations),
    };
  }

  /** Leaves what is still open, and closes the connections. */
  async close(): Promise<void> {
    await this.#all(() => ({ do: 'close' }));
  }

  end(): void {
    for (const helper of this.#helpers) helper.end();
  }

  #all<Answer extends object>(asked: (index: number) => ReaderRequest): Promise<Answer[]> {
    return Promise.all(this.#helpers.map((helper, index) => helper.ask<Answer>(asked(index))));
  }
}
