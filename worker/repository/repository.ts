/** A folder of models: `<model>/model.yaml` and `<model>/<version>/` with a model.onnx or a handler. */

import type { Dirent } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { isName, isVersion, nameRule, shown } from '@inferq/core/names.ts';
import { readSettings } from './read-settings.ts';
import type { Settings } from './settings.ts';
import type { Problem } from './yaml-file.ts';

export type { Problem } from './yaml-file.ts';

export interface ModelVersion {
  name: string;
  version: string;
  /** Absolute path of the version's folder. */
  folder: string;
  settings: Settings;
}

interface BrokenVersion {
  name: string;
  version: string;
  problems: Problem[];
}

export interface Repository {
  folder: string;
  /** By name, then version rising. */
  versions: ModelVersion[];
  /** Versions that cannot be served as they are. */
  broken: BrokenVersion[];
  /** What is wrong beyond single versions: no such folder, nothing in it, a model without a version. */
  problems: Problem[];
}

/** Reads every model.yaml below `folder`; loads no model. Never throws for what a person can mend. */
export async function openRepository(folder: string): Promise<Repository> {
  const repository: Repository = { folder: resolve(folder), versions: [], broken: [], problems: [] };
  const entries = await list(repository, repository.folder);
  for (const name of foldersOf(entries)) await readModel(repository, name);
  if (repository.versions.length + repository.broken.length + repository.problems.length === 0) {
    repository.problems.push({ file: repository.folder, problem: 'has no models; a model is a folder with a model.yaml and a folder 1' });
  }
  return repository;
}

async function readModel(repository: Repository, name: string): Promise<void> {
  const folder = join(repository.folder, name);
  const entries = await list(repository, folder);
  const folders = foldersOf(entries);
  const versions = folders.filter(isVersion).sort((a, b) => Number(a) - Number(b));
  const described = entries.some((entry) => entry.name === 'model.yaml');
  // Other folders, such as one with training scripts, may lie beside the models.
  if (!described && versions.length === 0) return;

  const problem = !isName(name)
    ? `"${shown(name)}" is not a valid model name: a name is ${nameRule}`
    : !described
      ? 'has versions but no model.yaml; add one (it may be empty)'
      : versions.length === 0
        ? 'has no version; put model.onnx or handler.ts into a folder named by a positive number, such as 1'
        : undefined;
  if (problem !== undefined) {
    repository.problems.push({ file: folder, problem });
    return;
  }
  for (const text of folders.filter((other) => /^[0-9]+$/.test(other) && !isVersion(other))) {
    repository.problems.push({
      file: join(folder, text),
      problem: 'is not a version: a version is a positive number without leading zeros',
    });
  }
  for (const version of versions) await readVersion(repository, name, version);
}

async function readVersion(repository: Repository, name: string, version: string): Promise<void> {
  const folder = join(repository.folder, name, version);
  const found = (await list(repository, folder)).map((entry) => entry.name);
  const outcome = await readSettings(join(repository.folder, name), folder, found);
  if (outcome.ok) repository.versions.push({ name, version, folder, settings: outcome.settings });
  else repository.broken.push({ name, version, problems: outcome.problems });
}

/** What lies in a folder. One that cannot be read is a problem; a link to a file, which is none of ours, is empty. */
async function list(repository: Repository, folder: string): Promise<Dirent[]> {
  try {
    return await readdir(folder, { withFileTypes: true });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOTDIR' && folder !== repository.folder) return [];
    const reason = code === 'ENOENT' ? 'there is no such folder' : code === 'ENOTDIR' ? 'it is a file, not a folder' : message;
    repository.problems.push({ file: folder, problem: `cannot be read as a model repository: ${reason}` });
    return [];
  }
}

/** Sorted, symbolic links included: a link may point to a model kept elsewhere. */
function foldersOf(entries: readonly Dirent[]): string[] {
  const folders = entries.filter((entry) => (entry.isDirectory() || entry.isSymbolicLink()) && !entry.name.startsWith('.'));
  return folders.map((entry) => entry.name).sort();
}
