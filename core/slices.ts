/**
 * Work that is done in slices: a generator whose steps take about a millisecond each. Whoever runs it decides whether others may go on
 * in between.
 */
export type Sliced<T> = Generator<undefined, T>;

/** Does all of it at once. */
export function atOnce<T>(work: Sliced<T>): T {
  for (;;) {
    const step = work.next();
    if (step.done) return step.value;
  }
}
