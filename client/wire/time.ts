/** Milliseconds here, `Duration` messages on the wire. */

import type { Duration } from '../../proto/gen/google/protobuf/duration.ts';
import { invalid } from '../errors.ts';

/** Milliseconds of a message, with fractions. */
export function durationMs(duration: Duration): number {
  return Number(duration.seconds) * 1_000 + duration.nanos / 1e6;
}

/** The message for a number of milliseconds, or undefined where none is given. Throws InvalidRequestError where it is no number. */
export function optionalDuration(field: string, ms: number | undefined): Duration | undefined {
  return ms === undefined ? undefined : duration(field, ms);
}

/** The message for a number of milliseconds. Throws InvalidRequestError where it is no number. */
export function duration(field: string, ms: number): Duration {
  if (!Number.isFinite(ms)) throw invalid(field, `must be a number of milliseconds, not ${ms}`);
  const seconds = Math.trunc(ms / 1_000);
  return { seconds: BigInt(seconds), nanos: Math.round((ms - seconds * 1_000) * 1e6) };
}
