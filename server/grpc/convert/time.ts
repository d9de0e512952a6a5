/** Durations and timestamps, to and from milliseconds. */

import type { Violation } from '@inferq/core/refusal.ts';
import { violation } from '@inferq/core/violation.ts';
import type { Duration } from '@inferq/proto/gen/google/protobuf/duration.ts';

/** What the Duration type itself allows: 10,000 years. */
const maxSeconds = 315_576_000_000n;
/** The first and the last millisecond of a Timestamp. */
const minTime = -62_135_596_800_000;
const maxTime = 253_402_300_799_999;

/** Milliseconds, rounded up, or undefined where the field is not given. What is no duration becomes a violation; limits are checked later. */
export function readDuration(duration: Duration | undefined, field: string, violations: Violation[]): number | undefined {
  if (duration === undefined) return undefined;
  const { seconds, nanos } = duration;
  if (nanos <= -1_000_000_000 || nanos >= 1_000_000_000 || (seconds > 0n && nanos < 0) || (seconds < 0n && nanos > 0)) {
    violations.push(violation(field, `nanos are ${nanos}, but must be less than a second and have the same sign as seconds`));
    return undefined;
  }
  if (seconds > maxSeconds || seconds < -maxSeconds) {
    violations.push(violation(field, `${seconds} seconds exceed what a duration can hold: 10,000 years`));
    return undefined;
  }
  return Number(seconds) * 1_000 + Math.ceil(nanos / 1_000_000);
}

/** Epoch milliseconds, or undefined where the field is not given. What is no moment from the year 1 to 9999 becomes a violation. */
export function readTime(time: Date | undefined, field: string, violations: Violation[]): number | undefined {
  if (time === undefined) return undefined;
  const ms = time.getTime();
  if (ms >= minTime && ms <= maxTime) return ms;
  violations.push(violation(field, 'this is not a time between the years 1 and 9999'));
  return undefined;
}

/** A duration of so many milliseconds. */
export function toDuration(ms: number): Duration {
  const whole = Math.round(ms);
  const seconds = Math.trunc(whole / 1_000);
  return { seconds: BigInt(seconds), nanos: (whole - seconds * 1_000) * 1_000_000 };
}

/** A moment, where there is one. */
export function toDate(ms: number | undefined): Date | undefined {
  return ms === undefined ? undefined : new Date(ms);
}
