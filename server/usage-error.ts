import { oneLine } from '@inferq/core/plain-text.ts';

/** A user's mistake, or something only they can fix: its message is one sentence for them, and no stack is shown. */
export class UsageError extends Error {
  constructor(sentence: string) {
    super(oneLine(sentence));
  }
}
