/** From a version's folder to a model that can run. */

import { join } from 'node:path';
import type { Session } from '../handler.ts';
import type { RuntimeOptions } from '../onnx/runtime.ts';
import { openSession } from '../onnx/session.ts';
import { digestVersion } from '../repository/digest.ts';
import type { ModelVersion } from '../repository/repository.ts';
import { listVersionFiles, type VersionFile } from '../repository/version-files.ts';
import { firstLine } from './errors.ts';
import { HandlerRunner } from './handler-runner.ts';
import { loadHandler } from './load-handler.ts';
import { OnnxRunner } from './onnx-runner.ts';
import type { Outbox } from './outbox.ts';
import type { ModelRunner } from './runner.ts';
import { onnxFault, postprocessFault, specOf } from './spec.ts';
import { warmUpHandler, warmUpSession } from './warm-up.ts';

/** Loads and warms up. Throws with a sentence that names model, version and file. */
export async function loadModel(version: ModelVersion, options: RuntimeOptions, outbox: Outbox): Promise<ModelRunner> {
  const { name, folder, settings } = version;
  const label = `model ${name}:${version.version} (${join(folder, settings.handler ?? 'model.onnx')})`;
  try {
    if (settings.flush_denormals && !options.flushDenormals) throw new Error(flushingAlone);
    // Before anything is opened: opening a pipe would wait for its other end.
    const files = await listVersionFiles(folder);
    const entry = settings.handler ?? 'model.onnx';
    if (!files.some(({ path }) => path === entry)) throw new Error(`${entry} is a folder, not a file`);
    return await (settings.handler === undefined ? loadOnnx : loadWithHandler)(version, files, options, outbox);
  } catch (error) {
    throw new Error(`${label} cannot be served: ${firstLine(error)}`, { cause: error });
  }
}

const flushingAlone =
  'flush_denormals holds for all models of a worker, and others do not set it: serve this one by a worker of its own (--models)';

type Load = (version: ModelVersion, files: readonly VersionFile[], options: RuntimeOptions, outbox: Outbox) => Promise<ModelRunner>;

const loadOnnx: Load = async (version, files, options, outbox) => {
  const { folder, settings } = version;
  const session = await openSession(join(folder, 'model.onnx'), options);
  const fault = onnxFault(settings, session);
  if (fault !== undefined) throw new Error(fault);
  const spec = specOf(version, await digestVersion(files, settings), session);
  await warmUpOnnx(session, spec, settings.warmup);
  return new OnnxRunner({ spec, continuous: false, lingerMs: settings.linger }, session, settings, outbox);
};

async function warmUpOnnx(session: Session, spec: Parameters<typeof warmUpSession>[1], runs: number): Promise<void> {
  try {
    await warmUpSession(session, spec, runs);
  } catch (error) {
    throw new Error(
      `its warm-up run failed: ${firstLine(error)}. Where it is only the made-up input (zeros, free dimensions 1), set \`warmup: false\``,
    );
  }
}

const loadWithHandler: Load = async (version, files, options, outbox) => {
  const { settings } = version;
  const { inputs = [], outputs = [] } = settings;
  const fault = postprocessFault(settings, outputs);
  if (fault !== undefined) throw new Error(fault);
  const loaded = await loadHandler(version, options);
  const continuous = loaded.handler.step !== undefined;
  if (continuous && settings.linger > 0) throw new Error('linger has no effect with `step`, which new items join at any time; remove it');
  const spec = specOf(version, await digestVersion(files, settings), { inputs, outputs });
  const warning = await warmUpHandler(loaded, spec, settings.warmup);
  const model = { spec, continuous, lingerMs: settings.linger, ...(warning === undefined ? {} : { warning }) };
  return new HandlerRunner(model, loaded, settings, outbox);
};
