/** Loads a version's handler.ts. */

import { registerHooks } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Handler } from '../handler.ts';
import type { RuntimeOptions } from '../onnx/runtime.ts';
import { openSession } from '../onnx/session.ts';
import { namedFile } from '../repository/named-file.ts';
import type { ModelVersion } from '../repository/repository.ts';
import type { LoadedHandler } from './handler-call.ts';
import { inScope } from './scope.ts';

/** Makes `@inferq/worker/handler` importable for handlers wherever they lie. */
export function provideHandlerApi(): void {
  const url = new URL('../handler.ts', import.meta.url).href;
  registerHooks({
    resolve: (specifier, context, next) =>
      specifier === '@inferq/worker/handler' ? { url, shortCircuit: true } : next(specifier, context),
  });
}

/**
 * Imports the handler and calls its `load`. Throws what they throw, what goes wrong beside them meanwhile, and where the module exports no
 * handler. What they leave running may go wrong later: that is charged to no task.
 */
export async function loadHandler(version: ModelVersion, options: RuntimeOptions): Promise<LoadedHandler> {
  const beside = Promise.withResolvers<never>();
  const scope = { model: `${version.name}:${version.version}`, tasks: [], stray: beside.reject };
  return Promise.race([beside.promise, inScope(scope, () => load(version, options))]);
}

async function load(version: ModelVersion, options: RuntimeOptions): Promise<LoadedHandler> {
  const { name, folder, settings } = version;
  const module: { default?: unknown } = await import(pathToFileURL(join(folder, settings.handler ?? '')).href);
  const handler = requireHandler(module.default);
  const state = await handler.load({
    model: name,
    version: version.version,
    folder,
    device: options.device,
    config: Object.freeze(structuredClone(settings)),
    session: async (file) => openSession(await sessionFile(folder, file), options),
  });
  return { handler, state };
}

function requireHandler(exported: unknown): Handler<unknown> {
  const { load, run, step } = (exported ?? {}) as Partial<Handler<unknown>>;
  if (typeof load === 'function' && (typeof run === 'function') !== (typeof step === 'function')) return exported as Handler<unknown>;
  throw new Error('it must `export default defineHandler({ load, run })`, or `step` in place of `run`');
}

async function sessionFile(folder: string, file: unknown): Promise<string> {
  const named = await namedFile(String(file), [folder]);
  if ('problem' in named) throw new Error(`session(): ${named.problem}`);
  return named.path;
}
