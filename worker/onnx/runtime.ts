/** onnxruntime-node: loads models and runs them. */

import { totalmem } from 'node:os';
import { type Dictionary, dictionary } from '@inferq/core/dictionary.ts';
import { InferenceSession } from 'onnxruntime-node';
import { firstLine, saidBy, TaskFault } from '../inference/errors.ts';
import { readOnnxMessage } from './message.ts';
import type { Told } from './signature.ts';
import { type BindingTensors, datatypeOf } from './values.ts';

export interface RuntimeOptions {
  /** `cpu` or `cuda:0`. */
  device: string;
  /** Threads of a model's operators. */
  threads: number;
  /**
   * Whether numbers too small for full precision become 0, which is faster where there are many. The first session of a process decides
   * it for the thread that creates it, and so for all sessions and for the JavaScript of that thread.
   */
  flushDenormals: boolean;
}

/** A model in memory. `run` throws a TaskFault with ONNX Runtime's reason. */
export interface Loaded {
  inputs: Told[];
  outputs: Told[];
  run(feeds: BindingTensors): Promise<BindingTensors>;
}

/** A model's file; or its bytes, with the folder in which its external data is. */
export type Model = string | { bytes: Uint8Array; folder: string };

/** y = x, in ONNX: enough to see whether a device can be used. */
const identityModel = 'CAk6NwoQCgF4EgF5IghJZGVudGl0eRIBZ1oPCgF4EgoKCAgBEgQKAggBYg8KAXkSCgoICAESBAoCCAFCAhAR';

/** Throws where the model cannot be loaded, with ONNX Runtime's reason. */
export async function loadModel(model: Model, options: RuntimeOptions): Promise<Loaded> {
  const session = await create(model, options).catch(fail);
  const run = session.outputNames.includes(protoName) ? bareRun(session) : (feeds: BindingTensors) => session.run(feeds);
  return {
    inputs: session.inputMetadata.map(told),
    outputs: session.outputMetadata.map(told),
    run: (feeds) => run(feeds).catch(fail),
  };
}

/** Throws where models cannot run on the device, and says why and what to do. */
export async function requireDevice(options: RuntimeOptions): Promise<void> {
  const { device } = options;
  if (device === 'cpu') return;
  try {
    const session = await create({ bytes: Buffer.from(identityModel, 'base64'), folder: '.' }, { ...options, threads: 1 });
    await session.release();
  } catch (error) {
    throw new Error(
      `device ${device} was asked for, but CUDA cannot be loaded: ${firstLine(error)}. Install the NVIDIA driver, CUDA 12, cuDNN 9 and ` +
        'the CUDA files of onnxruntime-node (`ONNXRUNTIME_NODE_INSTALL=true node node_modules/onnxruntime-node/script/install.js`), or start with --devices cpu',
    );
  }
}

/** Throws what ONNX Runtime threw as a failure that says how its task ends: most calls would only fail again. */
function fail(error: unknown): never {
  if (error instanceof TaskFault) throw error;
  const detail = saidBy(error).message;
  const { sentence, lacking, transient } = readOnnxMessage(detail, totalmem());
  const code = lacking === 'memory' ? 'OUT_OF_MEMORY' : lacking === 'device' ? 'MODEL_ERROR' : 'INVALID_INPUT';
  throw new TaskFault(code, sentence, { retry: transient, detail });
}

function create(model: Model, options: RuntimeOptions): Promise<InferenceSession> {
  if (typeof model === 'string') return InferenceSession.create(model, sessionOptions(options, {}));
  return InferenceSession.create(model.bytes, sessionOptions(options, { model_external_initializers_file_folder_path: model.folder }));
}

function sessionOptions({ device, threads, flushDenormals }: RuntimeOptions, config: Dictionary<string>): InferenceSession.SessionOptions {
  return {
    // Creating a session throws where the provider cannot be loaded; only operators that it lacks run on the CPU.
    executionProviders: device === 'cpu' ? ['cpu'] : [{ name: 'cuda', deviceId: Number(device.split(':')[1] ?? 0) }],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    // Errors come as exceptions, and end up in the task that they belong to.
    logSeverityLevel: 4,
    // Spinning burns idle cores.
    extra: { session: { intra_op: { allow_spinning: '0' }, set_denormal_as_zero: flushDenormals ? '1' : '0', ...config } },
  };
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

/** Inputs and outputs that the binding carries; what it does not carry was refused by the file, where that could be read. */
function told(metadata: InferenceSession.ValueMetadata): Told {
  const { name } = metadata;
  const datatype = metadata.isTensor ? datatypeOf.get(metadata.type) : undefined;
  if (!metadata.isTensor || !datatype) throw new Error(`"${name}" is not a tensor that onnxruntime-node can carry`);
  return { name, datatype, shape: metadata.shape.map((dimension) => (typeof dimension === 'number' ? dimension : -1)) };
}
