/**
 * Packages that an installation may leave out: a machine that only runs servers needs no ONNX Runtime. They are not declared in
 * package.json, because npm would install a declared one with the command line, even if it were optional.
 */

import { Failure } from './failure.ts';

/** Loads modules of `@inferq/server` or `@inferq/worker`. Throws a Failure that says how to install the package if it is missing. */
export async function installed<T>(part: 'server' | 'worker', load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (error) {
    if (!isMissing(error, `@inferq/${part}`)) throw error;
    throw new Failure(
      `This installation has no ${part}: add it with npm ci --omit=dev --workspace @inferq/cli --workspace @inferq/${part} (docs/install.md).`,
    );
  }
}

function isMissing(error: unknown, name: string): boolean {
  const { code, message } = error as NodeJS.ErrnoException;
  return code === 'ERR_MODULE_NOT_FOUND' && message.includes(`'${name}'`);
}
