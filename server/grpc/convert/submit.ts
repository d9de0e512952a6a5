/** A Submit request, free of proto. */

import type { Violation } from '@inferq/core/refusal.ts';
import { contentsUsed } from '@inferq/core/tensor/convert.ts';
import { violation } from '@inferq/core/violation.ts';
import { StoredInput } from '@inferq/proto/gen/inferq/storage/v1/storage.ts';
import type { SubmitRequest } from '@inferq/proto/gen/inferq/v1/broker.ts';
import type { SubmitCommand, WireParameter } from '../../broker.ts';
import { encodeMessage } from '../codec.ts';
import { hasLostEntry } from '../lost-entries.ts';
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
  if (hasLostEntry(request.metadata)) violations.push(violation('metadata.__proto__', 'this is no name for an entry of metadata'));
  return {
    model: request.model,
    version: request.version,
    inputs,
    parameters: readParameters(parameters, violations),
    queue: request.queue,
    idempotencyKey: request.idempotencyKey,
    metadata: request.metadata,
    contents: contentsUsed(inputs),
    encodeInput: () => encodeMessage(StoredInput, { inputs, parameters }),
    ...given({ priority: request.priority, maxAttempts: request.maxAttempts, ignoreResult: request.ignoreResult }),
    ...given({ delayMs, notBefore, startWithinMs, startDeadline, softLimitMs, hardLimitMs, resultTtlMs }),
  };
}

/** In an object without a prototype, so that a parameter named like one of its members is just unknown. */
function readParameters(parameters: SubmitRequest['parameters'], violations: Violation[]): SubmitCommand['parameters'] {
  if (hasLostEntry(parameters)) violations.push(violation('parameters.__proto__', 'this is no name for a parameter'));
  const read: Record<string, WireParameter | undefined> = Object.create(null);
  for (const [name, parameter] of Object.entries(parameters)) read[name] = parameter.value;
  return read;
}

/** The same object without what is undefined. */
function given<T extends object>(fields: T): { [Key in keyof T]?: Exclude<T[Key], undefined> } {
  const kept: Partial<T> = {};
  for (const key of Object.keys(fields) as (keyof T)[]) {
    if (fields[key] !== undefined) kept[key] = fields[key];
  }
  return kept as { [Key in keyof T]?: Exclude<T[Key], undefined> };
}
