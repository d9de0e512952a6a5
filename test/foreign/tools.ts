/** Where the software of other people is that `test/foreign/install` puts into `.tools`. */

import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));
const tools = join(root, '.tools');

/** The path of a program: that of `.tools/bin`, or else of the PATH. Throws where there is none, so that its tests fail. */
export function program(name: string): string {
  return found(name, [join(tools, 'bin'), ...(process.env.PATH ?? '').split(delimiter)]);
}

/** The Python that has the packages of `test/foreign/requirements.txt`: INFERQ_TEST_PYTHON, or that of `.tools`. */
export function python(): string {
  return process.env.INFERQ_TEST_PYTHON ?? found('python', [join(tools, 'python/bin')]);
}

function found(name: string, folders: readonly string[]): string {
  const path = folders.map((folder) => join(folder, name)).find((candidate) => existsSync(candidate));
  if (path === undefined) throw new Error(`${name} is not installed: run test/foreign/install`);
  return path;
}
