/**
 * Runs an ONNX model in the process that serves: a direct call, with neither queue nor batching. The file is the first argument;
 * models have one FP32 input and one FP32 output, of rows by columns.
 */

import { type SubmitRequest, SubmitResponse } from '@inferq/proto/gen/inferq/v1/broker.ts';
import { TaskState } from '@inferq/proto/gen/inferq/v1/task.ts';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { serve } from './serve.ts';

const session = await InferenceSession.create(process.argv[2] ?? '', { intraOpNumThreads: 1, interOpNumThreads: 1 });
const [input = ''] = session.inputNames;
const [output = ''] = session.outputNames;

async function submit(request: SubmitRequest): Promise<SubmitResponse> {
  const [given] = request.inputs;
  if (given?.data?.$case !== 'raw') throw new Error('give one input with raw data');
  const bytes = given.data.value;
  // FP32 needs an address that 4 divides; a view into a message may lie anywhere.
  const aligned = bytes.byteOffset % 4 === 0 ? bytes : new Uint8Array(bytes);
  const values = new Float32Array(aligned.buffer, aligned.byteOffset, aligned.byteLength / 4);
  const results = await session.run({ [input]: new Tensor('float32', values, given.shape.map(Number)) });
  const result = results[output];
  if (!(result?.data instanceof Float32Array)) throw new Error('the model has no FP32 output');
  const { data } = result;
  const raw = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const shape = result.dims.map(BigInt);
  return SubmitResponse.fromPartial({
    task: { state: TaskState.SUCCEEDED, outputs: [{ name: output, datatype: 'FP32', shape, data: { $case: 'raw', value: raw } }] },
  });
}

serve(submit);
