/** What is wrong, and in which file or folder. */

export interface Problem {
  file: string;
  /** Completes a sentence that begins with the file. */
  problem: string;
}

/** The first of several problems in a sentence, and how many more there are. */
export function sentenceOf([first, ...others]: readonly Problem[]): string {
  if (!first) return '';
  return `${first.file}: ${first.problem}${others.length > 0 ? ` (and ${others.length} more)` : ''}`;
}
