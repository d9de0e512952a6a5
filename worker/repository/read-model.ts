/** One model's folder: its versions, and what is wrong with them. */

import { join } from 'node:path';
import { isName, isVersion, nameRule, shown } from '@inferq/core/names.ts';
import { type Listed, listFolder } from './list-folder.ts';
import { readSettings } from './read-settings.ts';
import type { BrokenVersion, ModelVersion } from './repository.ts';

interface ReadModel {
  versions: ModelVersion[];
  broken: BrokenVersion[];
}

const versionRule = 'a version is a folder named by a positive number without leading zeros, such as 1';

/** Gives nothing for a folder that is not a model: one with training scripts, say, beside the models. */
export async function readModel(folder: string, name: string): Promise<ReadModel> {
  const listed = await listFolder(folder);
  if ('problem' in listed) return broken(name, folder, listed.problem);
  const described = listed.files.includes('model.yaml') || listed.folders.includes('model.yaml');
  const versions = listed.folders.filter(isVersion).sort((a, b) => Number(a) - Number(b));
  if (!described && !(await looksLikeModel(folder, listed))) return { versions: [], broken: [] };

  const problem = modelProblem(name, listed, described, versions);
  if (problem !== undefined) return broken(name, folder, problem);
  const read: ReadModel = { versions: [], broken: [] };
  for (const version of versions) await readVersion(read, name, version, folder);
  for (const other of listed.folders.filter((text) => /^[0-9]+$/.test(text) && !isVersion(text))) {
    read.broken.push({ name, version: other, problems: [{ file: join(folder, other), problem: `is not a version: ${versionRule}` }] });
  }
  return read;
}

function broken(name: string, file: string, problem: string): ReadModel {
  return { versions: [], broken: [{ name, version: '', problems: [{ file, problem }] }] };
}

async function readVersion(read: ReadModel, name: string, version: string, modelFolder: string): Promise<void> {
  const folder = join(modelFolder, version);
  const listed = await listFolder(folder);
  if ('problem' in listed) {
    read.broken.push({ name, version, problems: [{ file: folder, problem: listed.problem }] });
    return;
  }
  const outcome = await readSettings(modelFolder, folder, [...listed.files, ...listed.folders]);
  if (outcome.ok) read.versions.push({ name, version, folder, settings: outcome.settings });
  else read.broken.push({ name, version, problems: outcome.problems });
}

/** Whether somebody meant a folder without a model.yaml to be a model. */
async function looksLikeModel(folder: string, { files, folders }: Listed): Promise<boolean> {
  if (files.some(isModelFile)) return true;
  for (const version of folders.filter((name) => /^[0-9]+$/.test(name))) {
    const listed = await listFolder(join(folder, version));
    if ('files' in listed && listed.files.some(isModelFile)) return true;
  }
  return false;
}

function isModelFile(name: string): boolean {
  return /^(model\..+|handler\.(ts|mts|js|mjs)|.*\.onnx)$/i.test(name);
}

function modelProblem(name: string, listed: Listed, described: boolean, versions: readonly string[]): string | undefined {
  if (!isName(name)) return `"${shown(name)}" is not a valid model name: a name is ${nameRule}`;
  if (!described) {
    const similar = listed.files.find((file) => /^model\.ya?ml$/i.test(file));
    return similar === undefined
      ? 'has no model.yaml; add one (it may be empty)'
      : `has no model.yaml; rename its ${similar} to model.yaml`;
  }
  return versions.length > 0 ? undefined : `has no version: ${noVersion(listed)}`;
}

function noVersion({ files, folders }: Listed): string {
  const content = files.find((file) => /^(.*\.onnx|handler\.(ts|mts|js|mjs))$/.test(file));
  if (content !== undefined) return `${versionRule}; move ${content} into a folder 1`;
  const numbered = folders.find((folder) => /^v?[0-9][0-9.]*$/i.test(folder));
  if (numbered !== undefined) return `"${shown(numbered)}" is not one, because ${versionRule}; rename it to ${likely(numbered)}`;
  const file = files.find((name) => /^[0-9]+$/.test(name));
  if (file !== undefined) return `"${file}" is a file, and ${versionRule}`;
  return `${versionRule}; put model.onnx or handler.ts into it`;
}

/** The version that somebody meant by `01`, `v2` or `3.0`. */
function likely(text: string): string {
  const number = String(Number(/[0-9]+/.exec(text)?.[0] ?? 1));
  return isVersion(number) ? number : '1';
}
