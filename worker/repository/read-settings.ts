/** From a model's model.yaml and its version's own to the settings in force, or the sentences that say why not. */

import { join } from 'node:path';
import { shown } from '@inferq/core/names.ts';
import { didYouMean } from '@inferq/core/suggestion.ts';
import type * as z from 'zod';
import { namedFile } from './named-file.ts';
import type { Problem } from './problem.ts';
import { crossCheck } from './rules.ts';
import { allowedKeys, type Settings, settingsSchema } from './settings.ts';
import { readSmallText } from './settings-text.ts';
import { readYaml, type YamlFile } from './yaml-file.ts';

/** Of a file that is wrong all over, so many are told. */
const mostProblems = 20;

export type SettingsOutcome = { ok: true; settings: Settings } | { ok: false; problems: Problem[] };

/** `found` are the names in the version's folder. A key of the version's file replaces the model's key of the same name. */
export async function readSettings(modelFolder: string, versionFolder: string, found: readonly string[]): Promise<SettingsOutcome> {
  const base = await readYaml(join(modelFolder, 'model.yaml'));
  const own = await readYaml(join(versionFolder, 'model.yaml'));
  const files: YamlFile[] = [];
  for (const read of [own, base]) {
    if (read && 'problem' in read) return { ok: false, problems: [read] };
    if (read) files.push(read);
  }
  const problem = (path: readonly PropertyKey[], sentence: string) => problemAt(files, join(modelFolder, 'model.yaml'), path, sentence);

  const parsed = settingsSchema.safeParse({ ...files[1]?.keys, ...files[0]?.keys });
  if (!parsed.success) {
    const found = parsed.error.issues.slice(0, mostProblems).flatMap(sentences).slice(0, mostProblems);
    return { ok: false, problems: found.map(([path, text]) => problem(path, text)) };
  }

  const labels = await readLabels(parsed.data.labels, [versionFolder, modelFolder]);
  if (!labels.ok) return { ok: false, problems: [problem(['labels'], labels.problem)] };
  const settings: Settings = { ...parsed.data, labels: labels.labels };
  const broken = crossCheck(settings, found);
  return broken.length > 0 ? { ok: false, problems: broken.map(([key, text]) => problem([key], text)) } : { ok: true, settings };
}

function problemAt(files: readonly YamlFile[], fallback: string, path: readonly PropertyKey[], sentence: string): Problem {
  const holder = files.find(({ keys }) => Object.hasOwn(keys, String(path[0])));
  const line = holder?.line(path);
  return { file: holder?.file ?? fallback, problem: line === undefined ? sentence : `line ${line}: ${sentence}` };
}

type Sentence = [path: PropertyKey[], text: string];

function sentences(issue: z.core.$ZodIssue): Sentence[] {
  if (issue.code === 'unrecognized_keys') {
    const [below] = issue.path;
    const allowed = allowedKeys(below === undefined ? undefined : String(below));
    const where = below === undefined ? 'of model.yaml' : `of ${shownPath(issue.path)}`;
    return issue.keys
      .slice(0, mostProblems)
      .map((key) => [
        [...issue.path, key],
        `"${shown(key)}" is not a key ${where}.${didYouMean(key, allowed)} The keys are ${allowed.join(', ')}`,
      ]);
  }
  if (issue.code === 'invalid_key') return [[issue.path, `"${shown(String(issue.path.at(-1)))}" ${issue.issues[0]?.message ?? ''}`]];
  return [[issue.path, `${shownPath(issue.path)} ${issue.message}`]];
}

function shownPath(path: readonly PropertyKey[]): string {
  return path.map((step, index) => (typeof step === 'number' ? `[${step}]` : `${index > 0 ? '.' : ''}${shown(String(step))}`)).join('');
}

/** Half a million labels; every executor holds them. */
const mostLabelBytes = 8_388_608;

type Labels = { ok: true; labels: string[] | undefined } | { ok: false; problem: string };

/** A file of labels has one label a line; it is in the version's folder or in the model's. */
async function readLabels(labels: string[] | string | undefined, folders: readonly string[]): Promise<Labels> {
  if (typeof labels !== 'string') return { ok: true, labels };
  const file = await namedFile(labels, folders);
  if ('problem' in file) return { ok: false, problem: `labels: ${file.problem}` };
  const read = (await readSmallText(file.path, mostLabelBytes)) ?? { problem: 'has just been removed' };
  if ('problem' in read) return { ok: false, problem: `labels: ${file.path} ${read.problem}` };
  return { ok: true, labels: read.text.replace(/\r?\n$/, '').split(/\r?\n/) };
}
