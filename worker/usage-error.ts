import { oneLine } from '@inferq/core/plain-text.ts';

/** Why a worker does not start: a sentence that says what is wrong and what to change; it is shown without a stack. */
class Sentence extends Error {
  constructor(sentence: string) {
    super(oneLine(sentence));
  }
}

/** The options or the models are wrong: exit code 2. */
export class UsageError extends Sentence {
  override readonly name = 'UsageError';
}

/** What the worker finds around it does not let it start: exit code 1. */
export class StartFailure extends Sentence {
  override readonly name = 'StartFailure';
}
