/** A task's input as programs read it. */

import { GetInputResponse } from '../../proto/gen/inferq/v1/broker.ts';
import { Parameter } from '../../proto/gen/inferq/v1/tensor.ts';
import { decodeTensors } from '../tensor/decode.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { type Dictionary, dictionary } from './dictionary.ts';
import type { ParameterValue } from './request.ts';

/** `inputs` and `parameters` are what a `SubmitRequest` takes. */
export interface TaskInput {
  /** By name. */
  inputs: Dictionary<Tensor>;
  /** Those that the submitter set. An int64 is a bigint. */
  parameters: Dictionary<ParameterValue>;
  /** The message in protobuf's JSON form. */
  toJSON(): unknown;
}

/** The readable form of a message. Throws InferqError for a tensor that cannot be read. */
export function taskInputOf(raw: GetInputResponse): TaskInput {
  const given = [...raw.parameters];
  return {
    inputs: decodeTensors(raw.inputs),
    parameters: dictionary(given.flatMap(([name, { value }]) => (value ? [[name, value.value] as const] : []))),
    // The generated toJSON loses a parameter called `__proto__`.
    toJSON: () => ({
      ...(GetInputResponse.toJSON(raw) as object),
      ...(given.length > 0 ? { parameters: dictionary(given.map(([name, value]) => [name, Parameter.toJSON(value)])) } : {}),
    }),
  };
}
