/** From a failed call to a typed error: the status, and the google.rpc details in its trailers. */

import { type ServiceError, status } from '@grpc/grpc-js';
import { BadRequest, ErrorInfo, RetryInfo } from '../proto/gen/google/rpc/error_details.ts';
import { Status } from '../proto/gen/google/rpc/status.ts';
import type { Error as ItemError } from '../proto/gen/inferq/v1/error.ts';
import { type ErrorFacts, errorOf, type InferqError } from './errors.ts';
import { type Route, unreachableMessage } from './unreachable.ts';
import { durationMs } from './wire/time.ts';

/** The typed error of a failed call; `route` is how its server is reached. */
export function errorFromCall(error: ServiceError, route: Route): InferqError {
  return errorOf(unreachableMessage(error.details, route), { code: statusName(error), ...detailFacts(error), cause: error });
}

/** The typed error of a refused item in a stream. */
export function errorFromItem(error: ItemError): InferqError {
  return errorOf(error.message, {
    code: status[error.code] ?? 'UNKNOWN',
    reason: error.reason,
    violations: error.violations,
    ...(error.retryAfter ? { retryAfterMs: durationMs(error.retryAfter) } : {}),
  });
}

/** A connection that breaks under a call shows as CANCELLED or as a reset stream: to the caller it is a server out of reach. */
function statusName(error: ServiceError): string {
  const broken = error.code === status.CANCELLED || (error.code === status.INTERNAL && error.details.includes('RST_STREAM'));
  return broken ? 'UNAVAILABLE' : (status[error.code] ?? 'UNKNOWN');
}

/** Details are a courtesy: what cannot be read of them is left out, and the status still stands. */
function detailFacts(error: ServiceError): Partial<ErrorFacts> {
  const [trailer] = error.metadata?.get('grpc-status-details-bin') ?? [];
  if (!(trailer instanceof Uint8Array)) return {};
  try {
    return Object.assign({}, ...Status.decode(trailer).details.map(factsOf));
  } catch {
    return {};
  }
}

function factsOf({ typeUrl, value }: { typeUrl: string; value: Uint8Array }): Partial<ErrorFacts> {
  switch (typeUrl) {
    case 'type.googleapis.com/google.rpc.ErrorInfo':
      return { reason: ErrorInfo.decode(value).reason };
    case 'type.googleapis.com/google.rpc.BadRequest':
      return { violations: BadRequest.decode(value).fieldViolations.map(({ field, description }) => ({ field, description })) };
    case 'type.googleapis.com/google.rpc.RetryInfo': {
      const { retryDelay } = RetryInfo.decode(value);
      return { retryAfterMs: retryDelay ? durationMs(retryDelay) : 0 };
    }
    default:
      return {};
  }
}
