/** From a version's folder to a model that can run. */

import { join } from 'node:path';
import type { FailedLoad, LoadedModel } from '../engine.ts';
import type { RuntimeOptions } from '../onnx/runtime.ts';
import { openSession } from '../onnx/session.ts';
import { digestVersion } from '../repository/digest.ts';
import type { ModelVersion } from '../repository/repository.ts';
import { listVersionFiles, type VersionFile } from '../repository/version-files.ts';
import { firstLine, isBeyondRepair, taskError } from './errors.ts';
import { HandlerRunner } from './handler-runner.ts';
import { loadHandler } from './load-handler.ts';
import { OnnxRunner } from './onnx-runner.ts';
import type { Outbox } from './outbox.ts';
import type { ModelRunner } from './runner.ts';
import { onnxFault, postprocessFault, specOf } from './spec.ts';
import { warmUpHandler, warmUpSession } from './warm-up.ts';

export interface LoadContext {
  runtime: RuntimeOptions;
  outbox: Outbox;
  /** Called between loading and warming up. */
  onWarmUp: () => void;
}

/** Loads and warms up. What is wrong with a model is an outcome; throws where the device itself has failed. */
export async function loadModel(version: ModelVersion, context: LoadContext): Promise<ModelRunner | FailedLoad> {
  const { name, folder, settings } = version;
  try {
    if (settings.flush_denormals && !context.runtime.flushDenormals) throw new Error(flushingAlone);
    // Before anything is opened: opening a pipe would wait for its other end.
    const files = await listVersionFiles(folder);
    const entry = settings.handler ?? 'model.onnx';
    if (!files.some(({ path }) => path === entry)) throw new Error(`${entry} is a folder, not a file`);
    return await (settings.handler === undefined ? loadOnnx : loadWithHandler)(version, files, context);
  } catch (error) {
    if (isBeyondRepair(error)) throw error;
    return { name, version: version.version, reason: firstLine(error), detail: taskError('MODEL_ERROR', error).detail };
  }
}

const flushingAlone =
  'flush_denormals holds for all models of a worker, and others do not set it: serve this one by a worker of its own (--models)';

type Load = (version: ModelVersion, files: readonly VersionFile[], context: LoadContext) => Promise<ModelRunner>;

const loadOnnx: Load = async (version, files, { runtime, outbox, onWarmUp }) => {
  const { folder, settings } = version;
  const session = await openSession(join(folder, 'model.onnx'), runtime);
  const fault = onnxFault(settings, session);
  if (fault !== undefined) throw new Error(fault);
  const spec = specOf(version, await digestVersion(files, settings), session);
  onWarmUp();
  const remarks = await warmUpSession(session, spec, settings.warmup);
  return new OnnxRunner({ spec, continuous: false, lingerMs: settings.linger, ...remarks }, session, settings, outbox);
};

const loadWithHandler: Load = async (version, files, { runtime, outbox, onWarmUp }) => {
  const { settings } = version;
  const { inputs = [], outputs = [] } = settings;
  const fault = postprocessFault(settings, outputs);
  if (fault !== undefined) throw new Error(fault);
  const loaded = await loadHandler(version, runtime);
  const continuous = loaded.handler.step !== undefined;
  if (continuous && settings.linger > 0) throw new Error('linger has no effect with `step`, which new items join at any time; remove it');
  const spec = specOf(version, await digestVersion(files, settings), { inputs, outputs });
  onWarmUp();
  const remarks = await warmUpHandler(loaded, spec, settings.warmup);
  const model: LoadedModel = { spec, continuous, lingerMs: settings.linger, ...remarks };
  return new HandlerRunner(model, loaded, settings, outbox);
};
