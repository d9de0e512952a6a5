/** The files of a version's folder that can decide its answers. */

import type { BigIntStats } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { lookAt, unreadable } from './look-at.ts';

export interface VersionFile {
  /** Relative to the version's folder, with `/`. */
  path: string;
  /** Where it is found. */
  file: string;
  bytes: number;
  /** Changes when the file is replaced or written. */
  stamp: string;
}

/** A link to a folder full of links can have more paths than anybody can read. */
const mostFiles = 100_000;

/**
 * What systems, editors, version control and download tools leave behind. All other files count, hidden ones too: a handler may open
 * any of them. Names that begin with two dots are how Kubernetes swaps a volume; its links lead there.
 */
const leftovers =
  /^(\.\..*|\.DS_Store|\._.*|Thumbs\.db|desktop\.ini|\.directory|\.nfs.*|\.fuse_hidden.*|\.goutputstream-.*|.*~|\.?#.*|\..*\.sw[a-z]|4913|__pycache__|\.ipynb_checkpoints|\.git|\.gitignore|\.gitattributes|\.gitkeep|\.hg|\.svn|\.dvc|\.dvcignore|\.cache)$/;

/**
 * Every file below `folder` that counts, sorted by path, behind links too. Throws with a sentence that names what cannot be read: a
 * broken link, a loop of links, a pipe, a socket, a device.
 */
export async function listVersionFiles(folder: string): Promise<VersionFile[]> {
  const files: VersionFile[] = [];
  const found = await lookAt(folder);
  await walk(folder, '', found.kind === 'folder' ? [identityOf(found.stats)] : [], files);
  return files.sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** `above` are the folders on the way here, by identity. */
async function walk(folder: string, prefix: string, above: readonly string[], files: VersionFile[]): Promise<void> {
  const names = await readdir(folder).catch((error) => {
    throw new Error(`${folder} ${unreadable(error)}`);
  });
  for (const name of names) {
    // In a version's own folder the settings in force stand for model.yaml: a comment in it changes no answer.
    if (leftovers.test(name) || (prefix === '' && name === 'model.yaml')) continue;
    const file = join(folder, name);
    const path = `${prefix}${name}`;
    const found = await lookAt(file);
    if (found.kind === 'unusable') throw new Error(`${file} ${found.why}`);
    // Gone since the folder was listed.
    if (found.kind === 'nothing') continue;
    if (found.kind === 'file') {
      files.push({ path, file, bytes: Number(found.stats.size), stamp: stampOf(found.stats) });
      if (files.length > mostFiles) throw new Error(`${folder}: the version has more than ${mostFiles} files; do its links lead too far?`);
      continue;
    }
    const identity = identityOf(found.stats);
    if (above.includes(identity)) throw new Error(`${file} is a link back to a folder that contains it`);
    await walk(file, `${path}/`, [...above, identity], files);
  }
}

/** Whether the file is still the one that was listed. */
export async function isUnchanged({ file, stamp }: VersionFile): Promise<boolean> {
  const found = await lookAt(file);
  return found.kind === 'file' && stampOf(found.stats) === stamp;
}

function stampOf(stats: BigIntStats): string {
  return `${identityOf(stats)}:${stats.size}:${stats.mtimeNs}`;
}

function identityOf({ dev, ino }: BigIntStats): string {
  return `${dev}:${ino}`;
}
