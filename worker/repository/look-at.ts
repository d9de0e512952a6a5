/** What is found at a path of a repository. */

import type { BigIntStats } from 'node:fs';
import { readlink, stat } from 'node:fs/promises';

export type Found =
  | { kind: 'file' | 'folder'; stats: BigIntStats }
  | { kind: 'nothing' }
  /** `why` completes a sentence that begins with the path. */
  | { kind: 'unusable'; why: string };

/** Follows links. Opens nothing: opening a pipe would wait for its other end. */
export async function lookAt(path: string): Promise<Found> {
  try {
    const stats = await stat(path, { bigint: true });
    if (stats.isFile()) return { kind: 'file', stats };
    if (stats.isDirectory()) return { kind: 'folder', stats };
    return { kind: 'unusable', why: `is ${specialKind(stats)}, and only files and folders can be read` };
  } catch (error) {
    const target = await readlink(path).catch(() => undefined);
    const { code } = error as NodeJS.ErrnoException;
    if (target === undefined) return code === 'ENOENT' ? { kind: 'nothing' } : { kind: 'unusable', why: unreadable(error) };
    if (code === 'ENOENT') return { kind: 'unusable', why: `is a link to "${target}", which does not exist` };
    if (code === 'ELOOP') return { kind: 'unusable', why: `is a link to "${target}", and from there links lead back to it` };
    return { kind: 'unusable', why: `is a link to "${target}", which ${unreadable(error)}` };
  }
}

function specialKind(stats: BigIntStats): string {
  if (stats.isFIFO()) return 'a named pipe';
  return stats.isSocket() ? 'a socket' : 'a device';
}

const reasons: ReadonlyMap<string, string> = new Map([
  ['EACCES', 'permission denied'],
  ['EPERM', 'permission denied'],
  ['ENAMETOOLONG', 'its path is too long'],
  ['EIO', 'the disk reports an error'],
  ['ESTALE', 'the network file system has lost it'],
]);

/** Why a file or folder cannot be read, from what Node threw; completes a sentence that begins with the path. */
export function unreadable(error: unknown): string {
  const { code = '', message } = error as NodeJS.ErrnoException;
  return `cannot be read: ${reasons.get(code) ?? message}`;
}
