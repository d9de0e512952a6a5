/** A Submit request, free of proto. */

import type { Violation } from '@inferq/core/refusal.ts';
import { contentsUsed } from '@inferq/core/tensor/convert.ts';
import { StoredInput } from '@inferq/proto/gen/inferq/storage/v1/storage.ts';
import type { SubmitRequest } from '@inferq/proto/gen/inferq/v1/broker.ts';
import type { SubmitCommand } from '../../broker.ts';
import { encodeMessage } from '../codec.ts';
import { readDuration, readTime } from './time.ts';

/** What the request asks for; values that cannot be read become violations and are left out. */
export function readSubmit(request: SubmitRequest, violations: Violation[]): SubmitCommand {
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
    encodeInput: () => encodeMessage(StoredInput, { inputs, parameters }),
    ...given({ priority: request.priority, maxAttempts: request.maxAttempts }),
    ...given({ ignoreResult: request.ignoreResult, keepInput: request.keepInput }),
    ...given({ delayMs, notBefore, startWithinMs, startDeadline, softLimitMs, hardLimitMs, resultTtlMs }),
  };
}

/** The same object without what is undefined. */
function given<T extends object>(fields: T): { [Key in keyof T]?: Exclude<T[Key], undefined> } {
  const kept: Partial<T> = {};
  for (const key of Object.keys(fields) as (keyof T)[]) {
    if (fields[key] !== undefined) kept[key] = fields[key];
  }
  return kept as { [Key in keyof T]?: Exclude<T[Key], undefined> };
}
