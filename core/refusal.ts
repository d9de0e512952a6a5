/** Why a request is refused: the closed list of reasons, as values. Each edge maps a reason to its own status by one table. */

export const refusalReasons = [
  'INVALID_REQUEST',
  'MODEL_NOT_FOUND',
  'MODEL_FAILED',
  'QUEUE_NOT_FOUND',
  'TASK_NOT_FOUND',
  'RESULT_EXPIRED',
  'INPUT_GONE',
  'NOT_A_DEAD_LETTER',
  'IDEMPOTENCY_CONFLICT',
  'HISTORY_GONE',
  'QUEUE_FULL',
  'RESULTS_FULL',
  'MEMORY_FULL',
  'TOO_LARGE',
  'SERVER_BUSY',
  'MESSAGE_TIMEOUT',
  'STORE_UNAVAILABLE',
  'STORE_REFUSING',
  'STORE_FAULT',
  'SHUTTING_DOWN',
] as const;
export type RefusalReason = (typeof refusalReasons)[number];

/** `field` is a path in the request as its proto names it: `inputs[0].shape`, `parameters.seed`. */
export interface Violation {
  field: string;
  description: string;
}

/** A refused request: `message` says what is wrong and what to mend. */
export interface Refusal {
  reason: RefusalReason;
  message: string;
  violations: Violation[];
  /** When trying again may help. */
  retryAfterMs?: number;
}

/** Either a value or why there is none. */
export type Outcome<T> = { ok: true; value: T } | { ok: false; refusal: Refusal };

/** A granted outcome. */
export function granted<T>(value: T): Outcome<T> {
  return { ok: true, value };
}

/** A refused outcome. */
export function refused(
  reason: RefusalReason,
  message: string,
  more: { violations?: Violation[]; retryAfterMs?: number } = {},
): {
  ok: false;
  refusal: Refusal;
} {
  const { violations = [], retryAfterMs } = more;
  return { ok: false, refusal: { reason, message, violations, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) } };
}
