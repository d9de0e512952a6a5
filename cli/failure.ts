/** What ends a command with a sentence instead of a stack trace. */

/** Exit codes of every command. */
export const exitCodes = { succeeded: 0, failed: 1, usage: 2, unreachable: 3, interrupted: 130 } as const;

/** `message` is one sentence for the person at the terminal; `exitCode` is what the process ends with. */
export class Failure extends Error {
  readonly exitCode: number;

  constructor(message: string, exitCode: number = exitCodes.failed) {
    super(message);
    this.name = 'Failure';
    this.exitCode = exitCode;
  }
}

/** A failure that the caller mends by typing something else. */
export function wrongUsage(message: string): Failure {
  return new Failure(message, exitCodes.usage);
}
