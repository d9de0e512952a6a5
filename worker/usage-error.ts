import { oneLine } from '@inferq/core/plain-text.ts';

/** A user's mistake. The message is one sentence that says what is wrong and what to mend; it is shown without a stack. */
export class UsageError extends Error {
  override readonly name = 'UsageError';

  constructor(sentence: string) {
    super(oneLine(sentence));
  }
}
