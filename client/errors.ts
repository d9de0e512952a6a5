/** What the client throws. Every error is an `InferqError`; the class says what to do about it. */

import type { Task } from './wire/task.ts';

/** One wrong field: `field` is its path in the request, such as `inputs[0].shape`. */
export interface Violation {
  field: string;
  description: string;
}

/** What is known of a failure besides its sentence. */
export interface ErrorFacts {
  /** The name of the gRPC status, or TASK_FAILED. */
  code: string;
  /** The server's own reason, such as QUEUE_FULL; empty where it gave none. */
  reason?: string;
  violations?: Violation[];
  /** When the server says that trying again may help. */
  retryAfterMs?: number;
  cause?: unknown;
}

export class InferqError extends Error {
  readonly code: string;
  readonly reason: string;
  readonly violations: Violation[];
  readonly retryAfterMs: number | undefined;

  constructor(message: string, facts: ErrorFacts) {
    super(message, facts.cause === undefined ? {} : { cause: facts.cause });
    this.name = new.target.name;
    this.code = facts.code;
    this.reason = facts.reason ?? '';
    this.violations = facts.violations ?? [];
    this.retryAfterMs = facts.retryAfterMs;
  }
}

/** The request is wrong; `violations` names each wrong field. */
export class InvalidRequestError extends InferqError {}

/** No such task, model or queue; or there was such a task, and it has expired. */
export class NotFoundError extends InferqError {}

/** The idempotency key belongs to a task with other content. */
export class AlreadyExistsError extends InferqError {}

/** The events asked for are no longer kept. */
export class OutOfRangeError extends InferqError {}

/** The broker is full (try again after `retryAfterMs`), or a message is too large (no `retryAfterMs`). */
export class OverloadedError extends InferqError {}

/** The server, or the store behind it, cannot be reached. */
export class UnavailableError extends InferqError {}

/** The call's own deadline passed. The task, if there is one, goes on. */
export class DeadlineError extends InferqError {}

/** The caller's AbortSignal fired; `cause` is the signal's reason. */
export class AbortedError extends InferqError {
  constructor(signal: AbortSignal) {
    super('the call was aborted', { code: 'CANCELLED', cause: signal.reason });
    this.name = 'AbortError';
  }
}

/** A predicted task ended without success: `task` is its last state, `reason` the code of its error or its state. */
export class TaskFailedError extends InferqError {
  readonly task: Task;

  constructor(task: Task) {
    const why = task.error ? `: ${task.error.message}` : '';
    super(`task ${task.id} ended ${task.state}${why}`, { code: 'TASK_FAILED', reason: task.error?.code ?? task.state });
    this.task = task;
  }
}

type ErrorClass = new (message: string, facts: ErrorFacts) => InferqError;

const classes = new Map<string, ErrorClass>(
  Object.entries({
    INVALID_ARGUMENT: InvalidRequestError,
    NOT_FOUND: NotFoundError,
    ALREADY_EXISTS: AlreadyExistsError,
    OUT_OF_RANGE: OutOfRangeError,
    RESOURCE_EXHAUSTED: OverloadedError,
    UNAVAILABLE: UnavailableError,
    DEADLINE_EXCEEDED: DeadlineError,
  }),
);

/** The error whose class belongs to a gRPC status name. */
export function errorOf(message: string, facts: ErrorFacts): InferqError {
  const Class = classes.get(facts.code) ?? InferqError;
  return new Class(message, facts);
}

/** A mistake found before anything was sent. */
export function invalid(field: string, description: string): InvalidRequestError {
  return new InvalidRequestError(`${field}: ${description}`, {
    code: 'INVALID_ARGUMENT',
    reason: 'INVALID_REQUEST',
    violations: [{ field, description }],
  });
}
