/** The files that a model.yaml or a handler names. Their text cannot lead out of the model's own folders. */

import { stat } from 'node:fs/promises';
import { relative, resolve, sep } from 'node:path';
import { dotted, oneLine } from '@inferq/core/plain-text.ts';

export type NamedFile = { path: string } | { problem: string };

/**
 * The file that `text` names in the first of `folders` that has one. A symbolic link is followed wherever it leads: whoever may
 * place files in a model's folder decides what the model consists of. Whoever writes a text decides only among these.
 */
export async function namedFile(text: string, folders: readonly string[]): Promise<NamedFile> {
  const name = dotted(text.slice(0, 200));
  const paths = folders.flatMap((folder) => pathWithin(folder, text) ?? []);
  if (paths.length === 0) return { problem: `"${name}" must name a file within ${folders.join(' or ')}` };
  for (const path of paths) {
    try {
      return (await stat(path)).isFile() ? { path } : { problem: `"${name}" is not a regular file` };
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (code !== 'ENOENT') return { problem: `"${name}" cannot be read: ${oneLine(message)}` };
    }
  }
  return { problem: `there is no file "${name}" in ${folders.join(' or ')}` };
}

/** Decided on the text alone, before any link is followed. */
function pathWithin(folder: string, text: string): string | undefined {
  const path = resolve(folder, text);
  const [first = ''] = relative(folder, path).split(sep);
  return first === '' || first === '..' ? undefined : path;
}
