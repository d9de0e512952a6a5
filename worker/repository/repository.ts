/** A folder of models: `<model>/model.yaml` and `<model>/<version>/` with a model.onnx or a handler. */

import { basename, dirname, join, resolve } from 'node:path';
import { listFolder } from './list-folder.ts';
import type { Problem } from './problem.ts';
import { readModel } from './read-model.ts';
import type { Settings } from './settings.ts';

export interface ModelVersion {
  name: string;
  version: string;
  /** Absolute path of the version's folder. */
  folder: string;
  settings: Settings;
}

/** A version that cannot be served; with an empty `version`, a model that has no version that can be served. */
export interface BrokenVersion {
  name: string;
  version: string;
  problems: Problem[];
}

export interface Repository {
  folder: string;
  /** Sorted by name, then by ascending version. */
  versions: ModelVersion[];
  /** In the same order. */
  broken: BrokenVersion[];
  /** Why the folder has no models at all. */
  problem?: Problem;
}

/** How many folders are read at the same time; each read mostly waits for the disk. */
const concurrently = 16;

/** Reads every model.yaml below `path`; loads no model. Reports problems that a person can fix as values, and never throws them. */
export async function openRepository(path: string): Promise<Repository> {
  const folder = resolve(path);
  const listed = await listFolder(folder);
  if ('problem' in listed) {
    const problem = `cannot be used as a model repository: it ${listed.problem}`;
    return { folder, versions: [], broken: [], problem: { file: folder, problem } };
  }
  const names = listed.folders.filter((name) => !name.startsWith('.'));
  const versions: ModelVersion[] = [];
  const broken: BrokenVersion[] = [];
  for (let start = 0; start < names.length; start += concurrently) {
    const read = names.slice(start, start + concurrently).map((name) => readModel(join(folder, name), name));
    for (const model of await Promise.all(read)) {
      versions.push(...model.versions);
      broken.push(...model.broken);
    }
  }
  const isModel = versions.length === 0 && listed.files.includes('model.yaml');
  if (!isModel && versions.length + broken.length > 0) return { folder, versions, broken };
  const problem = isModel ? `is a model itself; name the folder above it, ${dirname(folder)}` : noModels(listed.files);
  return { folder, versions: [], broken: [], problem: { file: folder, problem } };
}

function noModels(files: readonly string[]): string {
  const model = files.find((name) => name.endsWith('.onnx'));
  const hint =
    model === undefined
      ? ''
      : `; to serve ${model}, move it to ${basename(model, '.onnx')}/1/model.onnx, and add an empty ${basename(model, '.onnx')}/model.yaml`;
  return `has no models: a model is a folder with a model.yaml and a folder 1${hint}`;
}
