/** The options of `inferq submit` as a request, without the inputs. */

import type { SubmitRequest } from '@inferq/client/wire/request.ts';
import { dictionary } from '@inferq/core/dictionary.ts';
import { parseDuration } from '../parse/duration.ts';
import { parseInteger } from '../parse/number.ts';
import { parsePairs } from '../parse/pair.ts';

/** As commander gives them. */
export interface RequestFlags {
  version?: string;
  queue?: string;
  priority?: string;
  delay?: string;
  startWithin?: string;
  softTimeLimit?: string;
  hardTimeLimit?: string;
  maxAttempts?: string;
  resultTtl?: string;
  ignoreResult?: true;
  keepInput?: true;
  metadata?: string[];
  idempotencyKey?: string;
}

/** Leaves out what was not given, so that the model's and the server's defaults hold. Throws a Failure for values that are none. */
export function requestOf(model: string, flags: RequestFlags): SubmitRequest {
  const duration = (option: string, text: string | undefined): number | undefined =>
    text === undefined ? undefined : parseDuration(option, text);
  const integer = (option: string, text: string | undefined): number | undefined =>
    text === undefined ? undefined : parseInteger(option, text);
  const request = {
    model,
    version: flags.version,
    queue: flags.queue,
    priority: integer('--priority', flags.priority),
    delayMs: duration('--delay', flags.delay),
    startWithinMs: duration('--start-within', flags.startWithin),
    softTimeLimitMs: duration('--soft-time-limit', flags.softTimeLimit),
    hardTimeLimitMs: duration('--hard-time-limit', flags.hardTimeLimit),
    maxAttempts: integer('--max-attempts', flags.maxAttempts),
    resultTtlMs: duration('--result-ttl', flags.resultTtl),
    ignoreResult: flags.ignoreResult,
    keepInput: flags.keepInput,
    idempotencyKey: flags.idempotencyKey,
    metadata: flags.metadata && dictionary(parsePairs('--metadata', flags.metadata)),
  };
  return dictionary<unknown>(Object.entries(request).filter(([, value]) => value !== undefined)) as unknown as SubmitRequest;
}
