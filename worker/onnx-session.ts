/** ONNX Runtime behind the handler API's Session. With onnx-values.ts, the only file that imports onnxruntime-node. */

import { totalmem } from 'node:os';
import { type Dictionary, dictionary } from '@inferq/core/dictionary.ts';
import type { TensorSpec } from '@inferq/core/tensor/tensor.ts';
import { InferenceSession } from 'onnxruntime-node';
import type { Session, Tensors } from './handler.ts';
import { firstLine, saidBy, TaskFault } from './inference/errors.ts';
import { readOnnxMessage } from './onnx-message.ts';
import { type BindingTensors, datatypeOf, fromBinding, toBinding } from './onnx-values.ts';

export interface SessionOptions {
  /** `cpu` or `cuda:0`. */
  device: string;
  /** Threads of the session's operators. */
  threads: number;
}

/** y = x, in ONNX: enough to see whether a device can be used. */
const identityModel = 'CAk6NwoQCgF4EgF5IghJZGVudGl0eRIBZ1oPCgF4EgoKCAgBEgQKAggBYg8KAXkSCgoICAESBAoCCAFCAhAR';

/** Loads a model from its file. Throws where it cannot be loaded, with ONNX Runtime's reason, or holds what no task can carry. */
export async function openSession(file: string, options: SessionOptions): Promise<Session> {
  const session = await InferenceSession.create(file, bindingOptions(options)).catch(fail);
  const inputs = session.inputMetadata.map(specOf);
  const outputs = session.outputMetadata.map(specOf);
  const run = outputs.some(({ name }) => name === protoName) ? bareRun(session) : (feeds: BindingTensors) => session.run(feeds);
  const call = async (feeds: Tensors) => fromBinding(outputs, await run(toBinding(inputs, feeds)));
  return { inputs, outputs, run: (feeds) => call(feeds).catch(fail) };
}

/** Throws what ONNX Runtime threw as a failure that says how its task ends: most calls would only fail again. */
function fail(error: unknown): never {
  if (error instanceof TaskFault) throw error;
  const detail = saidBy(error).message;
  const { sentence, lacking, transient } = readOnnxMessage(detail, totalmem());
  const code = lacking === 'memory' ? 'OUT_OF_MEMORY' : lacking === 'device' ? 'MODEL_ERROR' : 'INVALID_INPUT';
  throw new TaskFault(code, sentence, { retry: transient, detail });
}

const protoName = '__proto__';

/**
 * Runs a session below the library's wrapper, which collects outputs in plain objects and so loses one called `__proto__`. The binding
 * itself sets it as the result's prototype, where reading the name finds it. The member is private: without it, such models fail.
 */
function bareRun(session: InferenceSession): (feeds: BindingTensors) => Promise<BindingTensors> {
  const { handler } = session as unknown as {
    handler: { run(feeds: BindingTensors, fetches: Dictionary<null>, options: object): Promise<BindingTensors> };
  };
  const fetches = dictionary(session.outputNames.map((name) => [name, null] as const));
  return (feeds) => handler.run(feeds, fetches, {});
}

/** Throws where models cannot run on `device`, and says why and what to do. */
export async function requireDevice(device: string): Promise<void> {
  if (device === 'cpu') return;
  try {
    const session = await InferenceSession.create(Buffer.from(identityModel, 'base64'), bindingOptions({ device, threads: 1 }));
    await session.release();
  } catch (error) {
    throw new Error(
      `device ${device} was asked for, but CUDA cannot be loaded: ${firstLine(error)}. Install the NVIDIA driver, CUDA 12, cuDNN 9 and ` +
        'the CUDA files of onnxruntime-node (`ONNXRUNTIME_NODE_INSTALL=true node node_modules/onnxruntime-node/script/install.js`), or start with --devices cpu',
    );
  }
}

function bindingOptions({ device, threads }: SessionOptions): InferenceSession.SessionOptions {
  return {
    // Creating a session throws where the provider cannot be loaded; only operators that it lacks run on the CPU.
    executionProviders: device === 'cpu' ? ['cpu'] : [{ name: 'cuda', deviceId: Number(device.split(':')[1] ?? 0) }],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    // Errors come as exceptions, and end up in the task that they belong to.
    logSeverityLevel: 4,
    // Spinning burns idle cores; denormal numbers are many times slower, and only the process' first session can turn them off.
    extra: { session: { intra_op: { allow_spinning: '0' }, set_denormal_as_zero: '1' } },
  };
}

function specOf(metadata: InferenceSession.ValueMetadata): TensorSpec {
  const { name } = metadata;
  if (!metadata.isTensor) throw new Error(`"${name}" is no tensor; sequences, maps and optional values cannot be served`);
  const datatype = datatypeOf.get(metadata.type);
  if (!datatype) throw new Error(`"${name}" has elements of ${metadata.type}, which cannot be served`);
  return { name, datatype, shape: metadata.shape.map((dimension) => (typeof dimension === 'number' ? dimension : -1)), optional: false };
}
