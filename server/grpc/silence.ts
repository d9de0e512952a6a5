/** Tells a stream's client now and then that the stream is alive. */

const silent = Symbol('silent');

/** What `source` yields, with `filler()` after every `silenceMs` without anything. */
export async function* fillSilence<T>(source: AsyncIterable<T>, silenceMs: number, filler: () => T): AsyncGenerator<T> {
  const iterator = source[Symbol.asyncIterator]();
  let done = false;
  try {
    for (let next = iterator.next(); ; ) {
      const result = await withTimeout(next, silenceMs);
      if (result === silent) {
        yield filler();
        continue;
      }
      if (result.done === true) break;
      yield result.value;
      next = iterator.next();
    }
    done = true;
  } finally {
    // Not awaited: a source in the midst of a step answers only when that ends, and then nobody is left to tell.
    if (!done) iterator.return?.().catch(() => undefined);
  }
}

async function withTimeout<T>(promise: Promise<T>, ms: number): Promise<T | typeof silent> {
  let timer: NodeJS.Timeout | undefined;
  const silence = new Promise<typeof silent>((resolve) => {
    timer = setTimeout(resolve, ms, silent);
  });
  try {
    return await Promise.race([promise, silence]);
  } finally {
    clearTimeout(timer);
  }
}
