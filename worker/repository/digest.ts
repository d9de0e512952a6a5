/** A digest of everything that decides a model version's answers. */

import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import type { Settings } from './settings.ts';
import { isUnchanged, type VersionFile } from './version-files.ts';

/** Read at once: of a large model, some gigabytes in all. */
const chunkBytes = 1_048_576;

/**
 * SHA-256 in hex over the settings in force and the content of every file by its path, whether it is a file or a link to one. Throws
 * where a file is not the one that was listed: what was loaded meanwhile may be either.
 */
export async function digestVersion(files: readonly VersionFile[], settings: Settings): Promise<string> {
  const hash = createHash('sha256').update(JSON.stringify(settings));
  for (const listed of files) hash.update(`\0${listed.path}\0`).update(await digestFile(listed.file));
  for (const listed of files) {
    if (!(await isUnchanged(listed))) throw new Error(`${listed.file} was changed while the model was loaded; load it again`);
  }
  return hash.digest('hex');
}

async function digestFile(file: string): Promise<Buffer> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file, { highWaterMark: chunkBytes }), hash);
  return hash.digest();
}
