/** What contestants are asked to do: the same bytes for all. */

import { type SubmitRequest as ClientRequest, tensor } from '@inferq/client/index.ts';
import { SubmitRequest } from '@inferq/proto/gen/inferq/v1/broker.ts';
import { type Task, TaskState } from '@inferq/proto/gen/inferq/v1/task.ts';
import { smallWidth } from './repository.ts';

/** 64 FP32 elements, 256 bytes. */
export const smallInput = Array.from({ length: smallWidth }, (_, index) => index + 1);

/** A request over the wire, for the no-op model or another of one FP32 input `x` [1, n]; `waitSeconds` 0 does not wait. */
export function wireRequest(model: string, name: string, values: readonly number[], waitSeconds: number): SubmitRequest {
  const raw = new Uint8Array(Float32Array.from(values).buffer);
  return SubmitRequest.fromPartial({
    model,
    inputs: [{ name, datatype: 'FP32', shape: [1n, BigInt(values.length)], data: { $case: 'raw', value: raw } }],
    ...(waitSeconds > 0 ? { wait: { seconds: BigInt(waitSeconds), nanos: 0 } } : {}),
  });
}

/** The same for our client. */
export function clientRequest(model: string, name: string, values: readonly number[]): ClientRequest {
  return { model, inputs: { [name]: tensor.fp32([1, values.length], Float32Array.from(values)) } };
}

/** A sample of the digits: 64 pixels from 0 to 1. */
export const digit = Array.from({ length: 64 }, (_, index) => ((index * 7) % 16) / 16);

/** Throws unless both hold the same numbers. */
export function checkSame(given: ArrayLike<number> | undefined, expected: ArrayLike<number>): void {
  if (given === undefined || given.length !== expected.length)
    throw new Error(`an answer has ${given?.length} elements, not ${expected.length}`);
  for (let index = 0; index < expected.length; index++) {
    if (Math.abs((given[index] ?? Number.NaN) - (expected[index] ?? 0)) < 1e-4) continue;
    throw new Error(`element ${index} of an answer is ${given[index]}, not ${expected[index]}`);
  }
}

/** Throws unless the task succeeded with the request's first input as its first output, byte for byte: what no-op and payload do. */
export function checkEcho(task: Task | undefined, { inputs }: SubmitRequest): void {
  if (task?.state !== TaskState.SUCCEEDED) throw new Error(`a task ended ${task?.state}: ${task?.error?.message}`);
  const [given, answered] = [inputs[0]?.data, task.outputs[0]?.data];
  if (given?.$case !== 'raw' || answered?.$case !== 'raw' || Buffer.compare(given.value, answered.value) !== 0) {
    throw new Error('an answer is not what was sent');
  }
}
