/** A Submit request, free of proto. */

import type { Violation } from '@inferq/core/refusal.ts';
import { contentsUsed } from '@inferq/core/tensor/convert.ts';
import { StoredInput, type StoredTensor } from '@inferq/proto/gen/inferq/storage/v1/storage.ts';
import type { SubmitCommand } from '../../broker.ts';
import { encodeMessage } from '../codec.ts';
import { type PackedSubmit, release } from '../intake/packed-inputs.ts';
import { readDuration, readTime } from './time.ts';

/** A request of more bytes than these is stored as it came. */
const ownBytes = 256 * 1_024;

/** What the request asks for; values that cannot be read become violations and are left out. */
export function readSubmit(request: PackedSubmit, violations: Violation[]): SubmitCommand {
  const { start, startLimit, inputs, parameters } = request;
  const delayMs = readDuration(start?.$case === 'delay' ? start.value : undefined, 'delay', violations);
  const notBefore = readTime(start?.$case === 'notBefore' ? start.value : undefined, 'not_before', violations);
  const startWithinMs = readDuration(startLimit?.$case === 'startWithin' ? startLimit.value : undefined, 'start_within', violations);
  const startDeadline = readTime(startLimit?.$case === 'startDeadline' ? startLimit.value : undefined, 'start_deadline', violations);
  const softLimitMs = readDuration(request.softTimeLimit, 'soft_time_limit', violations);
  const hardLimitMs = readDuration(request.hardTimeLimit, 'hard_time_limit', violations);
  const resultTtlMs = readDuration(request.resultTtl, 'result_ttl', violations);
  return {
    model: request.model,
    version: request.version,
    inputs,
    parameters: new Map([...parameters].map(([name, { value }]) => [name, value])),
    queue: request.queue,
    idempotencyKey: request.idempotencyKey,
    metadata: request.metadata,
    contents: contentsUsed(inputs),
    bytes: request.bytes.length,
    encodeInput: () => encodeInput(request),
    release: () => release(request),
    ...given({ priority: request.priority, maxAttempts: request.maxAttempts }),
    ...given({ ignoreResult: request.ignoreResult, keepInput: request.keepInput }),
    ...given({ delayMs, notBefore, startWithinMs, startDeadline, softLimitMs, hardLimitMs, resultTtlMs }),
  };
}

/**
 * The request's own bytes decode as a StoredInput, with fields that it does not know: a large input is not copied. A small one is
 * stored for long, beside many others.
 */
function encodeInput({ inputs, parameters, bytes }: PackedSubmit): Uint8Array {
  return bytes.length > ownBytes ? bytes : encodeMessage(StoredInput, { inputs: inputs as StoredTensor[], parameters });
}

/** The same object without what is undefined. */
function given<T extends object>(fields: T): { [Key in keyof T]?: Exclude<T[Key], undefined> } {
  const kept: Partial<T> = {};
  for (const key of Object.keys(fields) as (keyof T)[]) {
    if (fields[key] !== undefined) kept[key] = fields[key];
  }
  return kept as { [Key in keyof T]?: Exclude<T[Key], undefined> };
}
