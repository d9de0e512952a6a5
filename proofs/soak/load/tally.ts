/** What was begun, how it went, and what was wrong. */

/** An answer that no correct broker gives. */
export class WrongAnswer extends Error {}

/** Throws a WrongAnswer where the claim does not hold. */
export function expectThat(holds: boolean, sentence: string): asserts holds {
  if (!holds) throw new WrongAnswer(sentence);
}

const mostKept = 200;

export class Tally {
  /** Tasks that went as they should, by what was done with them. */
  readonly right = new Map<string, number>();
  readonly violations: string[] = [];
  /** Those that were not kept too. */
  violated = 0;

  get tasks(): number {
    return [...this.right.values()].reduce((sum, count) => sum + count, 0);
  }

  succeed(what: string): void {
    this.right.set(what, (this.right.get(what) ?? 0) + 1);
  }

  violate(what: string, error: unknown): void {
    this.violated++;
    const why = error instanceof WrongAnswer ? error.message : `a call failed: ${String(error)}`;
    if (this.violations.length < mostKept) this.violations.push(`${what}: ${why}`);
  }
}
