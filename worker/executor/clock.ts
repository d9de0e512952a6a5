/** Time as an executor sees it: monotonic milliseconds, and calls after a delay. */

export interface Clock {
  now(): number;
  /** Calls `run` once after `ms`; the returned function takes that back. */
  after(ms: number, run: () => void): () => void;
  /** Calls `run` after what the current turn of the event loop brought has been handled. */
  soon(run: () => void): void;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  after(ms, run) {
    const timer = setTimeout(run, Math.max(0, Math.ceil(ms)));
    return () => clearTimeout(timer);
  },
  soon(run) {
    setImmediate(run);
  },
};
