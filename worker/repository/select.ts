/** Which versions of a repository a worker loads. */

import { isVersion, shown, shownList } from '@inferq/core/names.ts';
import { didYouMean } from '@inferq/core/suggestion.ts';
import { sentenceOf } from './problem.ts';
import type { BrokenVersion, ModelVersion, Repository } from './repository.ts';

/** `broken` were selected too, and cannot be loaded. */
export type Selection = { ok: true; versions: ModelVersion[]; broken: BrokenVersion[] } | { ok: false; problem: string };

/**
 * `spec` is as in `--models digits,charlm:2`; without it, the latest version of every model. Refuses what the repository does not
 * have, and a repository without models.
 */
export function selectModels(repository: Repository, spec?: string): Selection {
  if (repository.problem) return { ok: false, problem: sentenceOf([repository.problem]) };
  const byName = Map.groupBy([...repository.versions, ...repository.broken], ({ name }) => name);
  const wanted = spec === undefined ? [...byName.keys()] : spec.split(',').map((text) => text.trim());
  const selected = new Set<Entry>();
  for (const text of wanted) {
    const entry = spec === undefined ? latest(byName.get(text) ?? []) : selectOne(repository, byName, text);
    if (entry && 'problem' in entry) return { ok: false, problem: entry.problem };
    if (entry) selected.add(entry);
  }
  const entries = [...selected];
  return { ok: true, versions: entries.filter((entry) => 'folder' in entry), broken: entries.filter((entry) => 'problems' in entry) };
}

type Entry = ModelVersion | BrokenVersion;

function selectOne(repository: Repository, byName: ReadonlyMap<string, Entry[]>, text: string): Entry | { problem: string } | undefined {
  const [name = '', version, ...rest] = text.split(':');
  if (name === '' || rest.length > 0 || (version !== undefined && !isVersion(version))) {
    return { problem: `"${shown(text)}" does not name a model: write NAME or NAME:VERSION, such as digits or charlm:2` };
  }
  const known = byName.get(name);
  if (!known) {
    const names = [...byName.keys()];
    return { problem: `there is no model "${shown(name)}" in ${repository.folder}.${didYouMean(name, names)} It has ${shownList(names)}` };
  }
  if (version === undefined) return latest(known);
  const versions = known
    .map((other) => other.version)
    .filter(isVersion)
    .sort((a, b) => Number(b) - Number(a));
  const problem = `model "${name}" has no version ${version}; it has ${shownList(versions)}`;
  return known.find((candidate) => candidate.version === version || candidate.version === '') ?? { problem };
}

/** The latest version, also where it is broken: an older one in its place would go unnoticed. */
function latest(entries: readonly Entry[]): Entry | undefined {
  const [first, ...others] = entries.filter(({ version }) => version === '' || isVersion(version));
  return others.reduce((best, entry) => (Number(entry.version) > Number(best?.version) ? entry : best), first);
}
