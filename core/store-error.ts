/** How calls to the task store fail. queue/classify.ts sorts Redis' errors into these kinds. */

/**
 * `away`: nobody answers, or not yet; the same call may succeed later. `refusing`: the store answers, but does not do what it is
 * asked until an operator or a failover changes something. `fault`: a bug, in our code or in what is stored; the same call fails again.
 */
export type StoreErrorKind = 'away' | 'refusing' | 'fault';

/** A call to the task store failed. `message` has the store's own words; they may name keys and users, so clients do not get them. */
export class StoreError extends Error {
  readonly kind: StoreErrorKind;
  /** What an operator searches for: the first word of Redis' answer, or the code of a socket error. */
  readonly code: string;
  /** Of a fault: the id of the line about it in this process' log. */
  logId: string | undefined;

  constructor(kind: StoreErrorKind, code: string, message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'StoreError';
    this.kind = kind;
    this.code = code;
  }
}

/** Whether the same call may succeed later without a new version of inferq or of its data. */
export function mayPass(error: unknown): error is StoreError {
  return error instanceof StoreError && error.kind !== 'fault';
}

/** Whether the same call would fail again, for as long as it were repeated. */
export function isFault(error: unknown): boolean {
  return !mayPass(error);
}
