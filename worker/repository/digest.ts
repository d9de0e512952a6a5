/** A digest of everything that decides a model version's answers. */

import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Settings } from './settings.ts';

/** SHA-256 in hex over the settings in force and every file of the version's folder, by path. */
export async function digestVersion(folder: string, settings: Settings): Promise<string> {
  const hash = createHash('sha256').update(JSON.stringify(settings));
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => relative(folder, join(parentPath, name)));
  for (const path of paths.sort()) {
    // The settings in force stand for model.yaml: a comment in it changes no answer.
    if (path === 'model.yaml') continue;
    hash.update(`\0${path.replaceAll(sep, '/')}\0`).update(await digestFile(join(folder, path)));
  }
  return hash.digest('hex');
}

async function digestFile(file: string): Promise<Buffer> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest();
}
