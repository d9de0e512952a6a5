/** The names in a folder of a repository. */

import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { lookAt, unreadable } from './look-at.ts';

export interface Listed {
  /** Folders, links to folders, and links that lead nowhere: a model that should be there must not go unnoticed. Sorted. */
  folders: string[];
  /** Everything else. Sorted. */
  files: string[];
}

/** `problem` completes a sentence that begins with the folder. */
export async function listFolder(folder: string): Promise<Listed | { problem: string }> {
  const found = await lookAt(folder);
  if (found.kind === 'nothing') return { problem: 'does not exist' };
  if (found.kind === 'unusable') return { problem: found.why };
  if (found.kind === 'file') return { problem: 'is a file, not a folder' };
  const listed: Listed = { folders: [], files: [] };
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const isFolder = entry.isDirectory() || (entry.isSymbolicLink() && (await lookAt(join(folder, entry.name))).kind !== 'file');
      (isFolder ? listed.folders : listed.files).push(entry.name);
    }
  } catch (error) {
    return { problem: unreadable(error) };
  }
  return listed;
}
