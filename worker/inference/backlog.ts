/** Emitted chunks that are not stored yet, of one task or of all tasks in the thread: what a handler that does not await piles up. */

import { limits } from '@inferq/core/limits.ts';

export class Backlog {
  chunks = 0;
  bytes = 0;

  add(bytes: number): void {
    this.chunks += 1;
    this.bytes += bytes;
  }

  remove(bytes: number): void {
    this.chunks -= 1;
    this.bytes -= bytes;
  }
}

/** Whether another chunk of a task is too much. A handler that awaits its emits has none outstanding and always goes on. */
export function overflows(own: Backlog, all: Backlog, bytes: number): boolean {
  if (own.chunks === 0) return false;
  const { perTask, perExecutor } = limits.unstored;
  return (
    own.chunks >= perTask.chunks ||
    own.bytes + bytes > perTask.bytes ||
    all.chunks >= perExecutor.chunks ||
    all.bytes + bytes > perExecutor.bytes
  );
}
