/**
 * A refusal's google.rpc details, cut to what every client can receive: some refuse a call whose trailers pass 8 KiB, so message
 * and details together stay under 4 KiB as they travel (the message percent-encoded, the details in base 64).
 */

import type { Refusal, Violation } from '@inferq/core/refusal.ts';
import { violationsTold } from '@inferq/core/violation.ts';
import { BadRequest, ErrorInfo, RetryInfo } from '@inferq/proto/gen/google/rpc/error_details.ts';
import { Status } from '@inferq/proto/gen/google/rpc/status.ts';
import type { MessageType } from './codec.ts';
import { encodeMessage } from './codec.ts';
import { toDuration } from './convert/time.ts';

const budgetBytes = 4_000;
/** The message travels twice: clients compare the one in the details with the call's own. */
const messageBytes = 1_600;
const fieldLength = 64;
const descriptionLength = 200;

/** Text fit for a trailer: no control characters, no broken surrogates. */
function clean(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029]/gu, '\u00b7').toWellFormed();
}

function cut(text: string, length: number): string {
  // A hostile text may be megabytes long: only what may be kept is looked at.
  const head = clean(text.slice(0, length + 1).toWellFormed());
  return head.length <= length ? head : `${head.slice(0, length - 3)}...`.toWellFormed();
}

/** A message cut to its share of the trailers. */
export function fitMessage(message: string): string {
  let length = messageBytes;
  let fitted = cut(message, length);
  while (encodeURI(fitted).length > messageBytes) {
    length = Math.floor(length * 0.8);
    fitted = cut(message, length);
  }
  return fitted;
}

/** At most `count` violations, each cut; where some are left out, one more says how many. */
export function fitViolations(violations: readonly Violation[], count: number): Violation[] {
  const kept = violations.slice(0, count).map(({ field, description }) => ({
    field: cut(field, fieldLength),
    description: cut(description, descriptionLength),
  }));
  const left = violations.length - kept.length;
  return left === 0 ? kept : [...kept, { field: '', description: `and ${left} more` }];
}

function packed<T>(name: string, type: MessageType<T>, message: T) {
  return { typeUrl: `type.googleapis.com/google.rpc.${name}`, value: encodeMessage(type, message) };
}

/** An encoded google.rpc.Status: as many violations as the budget leaves room for beside `message`, which is already fitted. */
export function encodeDetails(code: number, message: string, refusal: Refusal, retryMs: number | undefined): Buffer {
  const fixed = [packed('ErrorInfo', ErrorInfo, { reason: refusal.reason, domain: 'inferq', metadata: new Map() })];
  if (retryMs !== undefined) fixed.push(packed('RetryInfo', RetryInfo, { retryDelay: toDuration(retryMs) }));
  const room = budgetBytes - encodeURI(message).length;
  for (let count = Math.min(violationsTold, refusal.violations.length); ; count--) {
    const details = [...fixed];
    if (refusal.violations.length > 0) {
      const fieldViolations = fitViolations(refusal.violations, count).map((violation) => ({
        ...violation,
        reason: '',
        localizedMessage: undefined,
      }));
      details.push(packed('BadRequest', BadRequest, { fieldViolations }));
    }
    const bytes = encodeMessage(Status, { code, message, details });
    if (count === 0 || Math.ceil(bytes.length / 3) * 4 <= room) return bytes;
  }
}
