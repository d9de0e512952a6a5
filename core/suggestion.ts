/** "Did you mean": the known name that is nearest to a mistyped one. */

import { shown } from './names.ts';

/** A longer word is not a mistyped name. */
const longestWord = 64;
/** Names that are compared with one word: a courtesy must not cost a server its time. */
const mostCompared = 1_000;

/** ` Did you mean "digits"?`, to append to a sentence; empty where no known name is near. */
export function didYouMean(word: string, known: Iterable<string>): string {
  const found = nearest(word, known);
  return found === undefined ? '' : ` Did you mean "${shown(found)}"?`;
}

/**
 * The known name from which `word` differs by the fewest mistakes, ignoring case; the first of several. A mistake is a character
 * that is added, missing, wrong, or swapped with its neighbour. Undefined where there are more mistakes than one for every three
 * characters, or more than three.
 */
export function nearest(word: string, known: Iterable<string>): string | undefined {
  if (word.length > longestWord) return undefined;
  const wanted = word.toLowerCase();
  let best: string | undefined;
  let most = word.length < 2 ? 0 : Math.min(3, Math.ceil(word.length / 3));
  let compared = 0;
  for (const name of known) {
    if (Math.abs(name.length - word.length) > most) continue;
    if (compared++ === mostCompared) break;
    const mistakes = distance(wanted, name.toLowerCase(), most);
    if (mistakes > most) continue;
    best = name;
    if (mistakes === 0) break;
    most = mistakes - 1;
  }
  return best;
}

/** Three rows of the table below, used again by each comparison. */
const scratch = [new Uint8Array(longestWord + 4), new Uint8Array(longestWord + 4), new Uint8Array(longestWord + 4)] as const;

/** The optimal string alignment distance. Gives up with some number above `most` where the distance is above it. */
function distance(from: string, to: string, most: number): number {
  const beyond = most + 1;
  let [older, old, now] = scratch;
  for (let column = 0; column <= to.length; column++) old[column] = column;
  for (let row = 1; row <= from.length; row++) {
    let least = beyond;
    // Farther from the diagonal there are more mistakes than `most` already.
    const last = Math.min(to.length, row + most);
    const first = Math.max(1, row - most);
    now[first - 1] = first === 1 ? row : beyond;
    if (last < to.length) now[last + 1] = beyond;
    for (let column = first; column <= last; column++) {
      const wrong = from[row - 1] === to[column - 1] ? 0 : 1;
      let mistakes = Math.min(cell(old, column) + 1, cell(now, column - 1) + 1, cell(old, column - 1) + wrong);
      if (row > 1 && column > 1 && from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1]) {
        mistakes = Math.min(mistakes, cell(older, column - 2) + 1);
      }
      now[column] = mistakes;
      least = Math.min(least, mistakes);
    }
    if (least > most) return beyond;
    [older, old, now] = [old, now, older];
  }
  return cell(old, to.length);
}

function cell(row: Uint8Array, column: number): number {
  return row[column] as number;
}
