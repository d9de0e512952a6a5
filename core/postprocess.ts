/** Post-processing of model outputs. */

export interface Classification {
  index: number;
  /** Empty where the model has no label for the index. */
  label: string;
  score: number;
}

export interface ClassifyOptions {
  /** How many classes each row gets, where there are as many. */
  topK: number;
  /** Whether the scores are to sum up to 1; else they are the logits as they came. */
  softmax: boolean;
  labels: readonly string[];
}

/**
 * The best classes of each row of `logits` (row-major, `columns` to a row), best first, the lower index first among equals.
 * NaN comes last. Throws where the logits do not fill whole rows.
 */
export function classify(logits: ArrayLike<number>, columns: number, options: ClassifyOptions): Classification[][] {
  if (columns < 1 || logits.length % columns !== 0) throw new Error(`${logits.length} logits do not fill rows of ${columns}`);
  const rows: Classification[][] = [];
  const row = new Float64Array(columns);
  for (let start = 0; start < logits.length; start += columns) {
    for (let index = 0; index < columns; index++) row[index] = logits[start + index] as number;
    const score = options.softmax ? softmax(row) : (logit: number) => logit;
    rows.push(best(row, options.topK).map((index) => ({ index, label: options.labels[index] ?? '', score: score(row[index] as number) })));
  }
  return rows;
}

/** From logits of this row to their share. Relative to the largest, so that nothing overflows; infinite ones share everything. */
function softmax(row: Float64Array): (logit: number) => number {
  const largest = row.reduce((max, logit) => (logit > max ? logit : max), -Infinity);
  const weight = (logit: number) => (logit === largest ? 1 : Math.exp(logit - largest));
  const sum = row.reduce((total, logit) => total + weight(logit), 0);
  return (logit) => weight(logit) / sum;
}

/** The indices of the `count` largest values, largest first. */
function best(row: Float64Array, count: number): number[] {
  const rank = (index: number) => (Number.isNaN(row[index]) ? -Infinity : (row[index] as number));
  const chosen: number[] = [];
  for (let index = 0; index < row.length; index++) {
    let place = chosen.length;
    while (place > 0 && rank(index) > rank(chosen[place - 1] as number)) place--;
    if (place >= count) continue;
    chosen.splice(place, 0, index);
    if (chosen.length > count) chosen.pop();
  }
  return chosen;
}
