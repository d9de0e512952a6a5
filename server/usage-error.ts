/** A user's mistake, or something only they can mend: its message is one sentence for them, and no stack is shown. */
export class UsageError extends Error {}
