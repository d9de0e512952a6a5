import { oneLine } from '@inferq/core/plain-text.ts';

/** Why a server does not start: a sentence for people, who can change the reason; no stack is shown. */
class Sentence extends Error {
  constructor(sentence: string) {
    super(oneLine(sentence));
  }
}

/** The options are wrong: exit code 2. */
export class UsageError extends Sentence {}

/** What the server finds around it does not let it start: exit code 1. */
export class StartFailure extends Sentence {}
