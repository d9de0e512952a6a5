/** Loads a version's handler.ts. */

import { statSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { isAbsolute, join, relative, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Handler } from '../handler.ts';
import { openSession, type SessionOptions } from '../onnx-session.ts';
import type { ModelVersion } from '../repository/repository.ts';
import type { LoadedHandler } from './handler-runner.ts';

/** Makes `@inferq/worker/handler` importable for handlers wherever they lie. */
export function provideHandlerApi(): void {
  const url = new URL('../handler.ts', import.meta.url).href;
  registerHooks({
    resolve: (specifier, context, next) =>
      specifier === '@inferq/worker/handler' ? { url, shortCircuit: true } : next(specifier, context),
  });
}

/** Imports the handler and calls its `load`. Throws what they throw, and where the module exports no handler. */
export async function loadHandler(version: ModelVersion, options: SessionOptions): Promise<LoadedHandler> {
  const { name, folder, settings } = version;
  const module: { default?: unknown } = await import(pathToFileURL(join(folder, settings.handler ?? '')).href);
  const handler = requireHandler(module.default);
  const state = await handler.load({
    model: name,
    version: version.version,
    folder,
    device: options.device,
    config: Object.freeze(structuredClone(settings)),
    session: async (file) => openSession(within(folder, file), options),
  });
  return { handler, state };
}

function requireHandler(exported: unknown): Handler<unknown> {
  const { load, run, step } = (exported ?? {}) as Record<string, unknown>;
  if (typeof load === 'function' && (typeof run === 'function') !== (typeof step === 'function')) return exported as Handler<unknown>;
  throw new Error('it must `export default defineHandler({ load, run })`, or `step` in place of `run`');
}

/** The absolute path of a file of the version's folder. */
function within(folder: string, file: string): string {
  const path = resolve(folder, file);
  const inside = relative(folder, path);
  if (inside.startsWith('..') || isAbsolute(inside)) throw new Error(`session("${file}") must name a file in the version folder`);
  if (!statSync(path, { throwIfNoEntry: false })?.isFile()) throw new Error(`session("${file}"): there is no such file in ${folder}`);
  return path;
}
