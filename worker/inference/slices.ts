/** Which rows of which tasks go into the next run. */

export interface Piece<T> {
  task: T;
  /** First row, and the row after the last. */
  from: number;
  to: number;
}

/**
 * Takes rows not done yet, in the order of the tasks, at most `maxRows` of them; with `alone`, or where `maxRows` is 0 (no batch
 * dimension), those of the first task only.
 */
export function nextSlice<T extends { rows: number; done: number }>(tasks: readonly T[], maxRows: number, alone: boolean): Piece<T>[] {
  const pieces: Piece<T>[] = [];
  let room = maxRows === 0 ? Number.POSITIVE_INFINITY : maxRows;
  for (const task of tasks) {
    if (room === 0 || (pieces.length > 0 && (alone || maxRows === 0))) break;
    const to = Math.min(task.rows, task.done + room);
    pieces.push({ task, from: task.done, to });
    room -= to - task.done;
  }
  return pieces;
}
