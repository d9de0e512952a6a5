/** Protobuf's JSON form of messages, where the generated code falls short of it. */

import { dictionary } from './dictionary.ts';

/** The fields of our messages that are durations. */
const durations = new Set(['queued', 'ran', 'oldestAge']);

/** `value`, which a generated toJSON made, with durations as protobuf writes them: "1.5s" in place of seconds and nanos. */
export function protobufJson(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(protobufJson);
  if (typeof value !== 'object' || value === null) return value;
  return dictionary(
    Object.entries(value).map(([name, field]) => [
      name,
      durations.has(name) && typeof field === 'object' ? durationJson(field) : protobufJson(field),
    ]),
  );
}

function durationJson(duration: { seconds?: string; nanos?: number }): string {
  const fraction = duration.nanos ? `.${String(duration.nanos).padStart(9, '0')}`.replace(/(000){1,2}$/, '') : '';
  return `${duration.seconds ?? '0'}${fraction}s`;
}
