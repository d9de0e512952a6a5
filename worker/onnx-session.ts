/** ONNX Runtime behind the handler API's Session. The only file that imports onnxruntime-node. */

import { totalmem } from 'node:os';
import { type Dictionary, dictionary } from '@inferq/core/dictionary.ts';
import { shownList } from '@inferq/core/names.ts';
import type { Datatype, ModelTensor, ModelTensorData, TensorSpec } from '@inferq/core/tensor/tensor.ts';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import type { Session, Tensors } from './handler.ts';
import { firstLine, invalidInput, saidBy, TaskFault } from './inference/errors.ts';
import { readOnnxMessage } from './onnx-message.ts';

export interface SessionOptions {
  /** `cpu` or `cuda:0`. */
  device: string;
  /** Threads of the session's operators. */
  threads: number;
}

/** The binding's element types, and the datatypes that carry them. */
const datatypeOf = new Map<string, Datatype>([
  ['bool', 'BOOL'],
  ['uint8', 'UINT8'],
  ['uint16', 'UINT16'],
  ['uint32', 'UINT32'],
  ['uint64', 'UINT64'],
  ['int8', 'INT8'],
  ['int16', 'INT16'],
  ['int32', 'INT32'],
  ['int64', 'INT64'],
  ['float16', 'FP16'],
  ['float32', 'FP32'],
  ['float64', 'FP64'],
  ['string', 'BYTES'],
]);
const typeOf = new Map([...datatypeOf].map(([type, datatype]) => [datatype, type]));

/** y = x, in ONNX: enough to see whether a device can be used. */
const identityModel = 'CAk6NwoQCgF4EgF5IghJZGVudGl0eRIBZ1oPCgF4EgoKCAgBEgQKAggBYg8KAXkSCgoICAESBAoCCAFCAhAR';

/** Loads a model from its file. Throws where it cannot be loaded, with ONNX Runtime's reason, or holds what no task can carry. */
export async function openSession(file: string, options: SessionOptions): Promise<Session> {
  const session = await InferenceSession.create(file, bindingOptions(options)).catch(fail);
  const inputs = session.inputMetadata.map(specOf);
  const outputs = session.outputMetadata.map(specOf);
  const run = outputs.some(({ name }) => name === protoName) ? bareRun(session) : (feeds: Feeds) => session.run(feeds);
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

type Feeds = Dictionary<Tensor>;
const protoName = '__proto__';

/**
 * Runs a session below the library's wrapper, which collects outputs in plain objects and so loses one called `__proto__`. The binding
 * itself sets it as the result's prototype, where reading the name finds it. The member is private: without it, such models fail.
 */
function bareRun(session: InferenceSession): (feeds: Feeds) => Promise<Feeds> {
  const { handler } = session as unknown as {
    handler: { run(feeds: Feeds, fetches: Dictionary<null>, options: object): Promise<Feeds> };
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

/** The binding passes over what it does not know, so both names and datatypes are looked at here. */
function toBinding(specs: readonly TensorSpec[], feeds: Tensors): Feeds {
  const surplus = Object.keys(feeds).filter((name) => !specs.some((spec) => spec.name === name));
  if (surplus.length > 0) {
    throw invalidInput(`the model has no input ${shownList(surplus)}; it takes ${shownList(specs.map(({ name }) => name))}`);
  }
  return dictionary(Object.entries(feeds).map(([name, { datatype, shape, data }]) => [name, newTensor(name, datatype, shape, data)]));
}

function newTensor(name: string, datatype: Datatype, shape: readonly number[], data: ModelTensorData): Tensor {
  if (Array.isArray(data))
    return new Tensor(
      'string',
      data.map((element) => toText(name, element)),
      shape,
    );
  const type = typeOf.get(datatype);
  if (!type) throw new Error(`input "${name}" is ${datatype}, which ONNX Runtime does not take from JavaScript`);
  return new Tensor(type as 'float32', data as Float32Array, shape);
}

function fromBinding(specs: readonly TensorSpec[], results: InferenceSession.ReturnType): Tensors {
  return dictionary(specs.map(({ name }) => [name, toModelTensor(results[name] as Tensor)]));
}

function toModelTensor({ type, dims, data }: Tensor): ModelTensor {
  const shape = [...dims];
  if (Array.isArray(data)) return { datatype: 'BYTES', shape, data: data.map((text) => encoder.encode(text)) };
  const datatype = datatypeOf.get(type);
  if (!datatype) throw new Error(`the model returned elements of ${type}, which cannot be served`);
  // Half floats arrive as a Float16Array; ours are bit patterns.
  if (datatype === 'FP16') return { datatype, shape, data: new Uint16Array(data.buffer, data.byteOffset, data.length) };
  return { datatype, shape, data: data as Float32Array };
}

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function toText(name: string, element: Uint8Array): string {
  try {
    return decoder.decode(element);
  } catch {
    throw invalidInput(`input "${name}" is text for this model, and an element of it is not UTF-8`);
  }
}
