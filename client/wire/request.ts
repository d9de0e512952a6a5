/** Requests as programs write them, and their messages. */

import type { SubmitRequest as WireSubmit } from '../../proto/gen/inferq/v1/broker.ts';
import { type Parameter, TensorEncoding, type OutputOptions as WireOutputOptions } from '../../proto/gen/inferq/v1/tensor.ts';
import { invalid } from '../errors.ts';
import { encodeTensor } from '../tensor/encode.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { Dictionary } from './dictionary.ts';
import { duration, optionalDuration } from './time.ts';

/** Whole numbers travel as int64, others as double. */
export type ParameterValue = boolean | number | bigint | string;

export interface OutputOptions {
  /** Only these. */
  names?: string[];
  /** `raw` bytes or typed lists; by default the form the inputs had, which is raw. */
  encoding?: 'raw' | 'contents';
  /** None at all. */
  omit?: boolean;
}

/** What is left out has the model's or the server's default. Times are Dates, spans are milliseconds. */
export interface SubmitRequest {
  model: string;
  version?: string;
  /** By name. */
  inputs?: Dictionary<Tensor>;
  parameters?: Dictionary<ParameterValue>;
  queue?: string;
  /** 0 to 9; 9 is first. */
  priority?: number;
  /** A second submit with the same key is the same task. Without one, a key is made up, so that retries are safe. */
  idempotencyKey?: string;
  /** Not before so long from now; or `notBefore`. */
  delayMs?: number;
  notBefore?: Date;
  /** Not worth starting after so long; or `startDeadline`. */
  startWithinMs?: number;
  startDeadline?: Date;
  softTimeLimitMs?: number;
  hardTimeLimitMs?: number;
  maxAttempts?: number;
  resultTtlMs?: number;
  ignoreResult?: boolean;
  /** Keeps the input as long as the task, for `getInput`. */
  keepInput?: boolean;
  metadata?: Dictionary<string>;
  /** Which outputs come back, and how, where this call or its stream brings them. */
  outputs?: OutputOptions;
}

/** The message of a request under `key`. Throws InvalidRequestError for what no message can carry. */
export function submitMessage(request: SubmitRequest, key: string): WireSubmit {
  return {
    model: request.model,
    version: request.version ?? '',
    inputs: Object.entries(request.inputs ?? {}).map(([name, tensor]) => encodeTensor(name, tensor)),
    parameters: parametersMessage(request.parameters ?? {}),
    queue: request.queue ?? '',
    priority: optionalInteger('priority', request.priority),
    idempotencyKey: key,
    start: startOf(request),
    startLimit: startLimitOf(request),
    softTimeLimit: optionalDuration('softTimeLimitMs', request.softTimeLimitMs),
    hardTimeLimit: optionalDuration('hardTimeLimitMs', request.hardTimeLimitMs),
    maxAttempts: optionalInteger('maxAttempts', request.maxAttempts),
    resultTtl: optionalDuration('resultTtlMs', request.resultTtlMs),
    ignoreResult: request.ignoreResult,
    metadata: new Map(Object.entries(request.metadata ?? {})),
    wait: undefined,
    outputs: outputsMessage(request.outputs),
    bindToCall: false,
    keepInput: request.keepInput,
  };
}

/** The message of output options; undefined where nothing is asked. */
export function outputsMessage(options: OutputOptions | undefined): WireOutputOptions | undefined {
  if (!options) return undefined;
  return { names: options.names ?? [], encoding: encodingMessage(options.encoding), omit: options.omit ?? false };
}

/** The message's value for an encoding. */
export function encodingMessage(encoding: OutputOptions['encoding']): TensorEncoding {
  if (encoding === undefined) return TensorEncoding.UNSPECIFIED;
  return encoding === 'raw' ? TensorEncoding.RAW : TensorEncoding.CONTENTS;
}

function parametersMessage(parameters: Dictionary<ParameterValue>): Map<string, Parameter> {
  return new Map(Object.entries(parameters).map(([name, value]) => [name, parameterMessage(name, value)]));
}

function parameterMessage(name: string, value: ParameterValue): Parameter {
  switch (typeof value) {
    case 'boolean':
      return { value: { $case: 'boolParam', value } };
    case 'string':
      return { value: { $case: 'stringParam', value } };
    case 'bigint':
      if (BigInt.asIntN(64, value) !== value) throw invalid(`parameters.${name}`, `${value} does not fit into 64 bits`);
      return { value: { $case: 'int64Param', value } };
    default:
      return { value: Number.isSafeInteger(value) ? { $case: 'int64Param', value: BigInt(value) } : { $case: 'doubleParam', value } };
  }
}

function startOf({ delayMs, notBefore }: SubmitRequest): WireSubmit['start'] {
  if (delayMs !== undefined && notBefore) throw invalid('delayMs', 'set either delayMs or notBefore, not both');
  if (notBefore) return { $case: 'notBefore', value: moment('notBefore', notBefore) };
  return delayMs === undefined ? undefined : { $case: 'delay', value: duration('delayMs', delayMs) };
}

function startLimitOf({ startWithinMs, startDeadline }: SubmitRequest): WireSubmit['startLimit'] {
  if (startWithinMs !== undefined && startDeadline) throw invalid('startWithinMs', 'set either startWithinMs or startDeadline, not both');
  if (startDeadline) return { $case: 'startDeadline', value: moment('startDeadline', startDeadline) };
  return startWithinMs === undefined ? undefined : { $case: 'startWithin', value: duration('startWithinMs', startWithinMs) };
}

function moment(field: string, date: Date): Date {
  if (Number.isNaN(date.getTime())) throw invalid(field, 'is not a valid date');
  return date;
}

function optionalInteger(field: string, value: number | undefined): number | undefined {
  if (value !== undefined && !(Number.isInteger(value) && Math.abs(value) < 2 ** 31))
    throw invalid(field, `must be a whole number, not ${value}`);
  return value;
}
