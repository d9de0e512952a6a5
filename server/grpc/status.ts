/** The one table from why a request is refused to what a gRPC client is told. */

import type { StatusObject } from '@grpc/grpc-js';
import { Metadata, status } from '@grpc/grpc-js';
import type { Refusal, RefusalReason } from '@inferq/core/refusal.ts';
import { violationsTold } from '@inferq/core/violation.ts';
import type { Error as ItemError } from '@inferq/proto/gen/inferq/v1/error.ts';
import { toDuration } from './convert/time.ts';
import { encodeDetails, fitMessage, fitViolations } from './status-details.ts';

/** Clients try RESOURCE_EXHAUSTED again only where they are told when: after `retryAfterMs`, unless the refusal says so itself. */
interface Rule {
  code: status;
  retryAfterMs?: number;
}

const rules: Record<RefusalReason, Rule> = {
  INVALID_REQUEST: { code: status.INVALID_ARGUMENT },
  MODEL_NOT_FOUND: { code: status.NOT_FOUND },
  MODEL_FAILED: { code: status.FAILED_PRECONDITION },
  QUEUE_NOT_FOUND: { code: status.NOT_FOUND },
  TASK_NOT_FOUND: { code: status.NOT_FOUND },
  RESULT_EXPIRED: { code: status.NOT_FOUND },
  INPUT_GONE: { code: status.NOT_FOUND },
  NOT_A_DEAD_LETTER: { code: status.FAILED_PRECONDITION },
  IDEMPOTENCY_CONFLICT: { code: status.ALREADY_EXISTS },
  HISTORY_GONE: { code: status.OUT_OF_RANGE },
  QUEUE_FULL: { code: status.RESOURCE_EXHAUSTED, retryAfterMs: 1_000 },
  RESULTS_FULL: { code: status.RESOURCE_EXHAUSTED, retryAfterMs: 1_000 },
  MEMORY_FULL: { code: status.RESOURCE_EXHAUSTED, retryAfterMs: 1_000 },
  TOO_LARGE: { code: status.RESOURCE_EXHAUSTED },
  SERVER_BUSY: { code: status.RESOURCE_EXHAUSTED, retryAfterMs: 1_000 },
  MESSAGE_TIMEOUT: { code: status.DEADLINE_EXCEEDED },
  STORE_UNAVAILABLE: { code: status.UNAVAILABLE },
  STORE_REFUSING: { code: status.UNAVAILABLE },
  STORE_FAULT: { code: status.INTERNAL },
  SHUTTING_DOWN: { code: status.UNAVAILABLE },
};

function retryOf(refusal: Refusal, rule: Rule): number | undefined {
  return refusal.retryAfterMs ?? rule.retryAfterMs;
}

/** How a refused call ends: code and message, with google.rpc details in the trailers. Both together stay under 4 KiB. */
export function refusalStatus(refusal: Refusal): StatusObject {
  const rule = rules[refusal.reason];
  const message = fitMessage(refusal.message);
  const metadata = new Metadata();
  const details = encodeDetails(rule.code, message, refusal, retryOf(refusal, rule));
  metadata.set('grpc-status-details-bin', details);
  return { code: rule.code, details: message, metadata };
}

/** The same refusal for one item of a stream. */
export function itemError(refusal: Refusal): ItemError {
  const rule = rules[refusal.reason];
  const retryMs = retryOf(refusal, rule);
  return {
    code: rule.code,
    reason: refusal.reason,
    message: fitMessage(refusal.message),
    violations: fitViolations(refusal.violations, violationsTold),
    retryAfter: retryMs === undefined ? undefined : toDuration(retryMs),
  };
}

/** How a call ends whose handler failed in an unforeseen way, reported under `id`. */
export function surpriseStatus(id: string): StatusObject {
  return { code: status.INTERNAL, details: `internal error, reported as ${id}`, metadata: new Metadata() };
}
