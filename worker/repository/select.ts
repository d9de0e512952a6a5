/** Which versions of a repository a worker loads. */

import { isVersion, shown, shownList } from '@inferq/core/names.ts';
import { didYouMean } from '@inferq/core/suggestion.ts';
import type { ModelVersion, Problem, Repository } from './repository.ts';

export type Selection = { ok: true; versions: ModelVersion[] } | { ok: false; problem: string };

/**
 * `spec` is as in `--models digits,charlm:2`; without it, the latest version of every model. A model that was asked for and is
 * broken refuses the selection, and so does, without `spec`, any problem of the repository.
 */
export function selectModels(repository: Repository, spec?: string): Selection {
  const [problem] = repository.problems;
  if (problem && (spec === undefined || repository.versions.length + repository.broken.length === 0)) return refuse(problem);
  const wanted = spec === undefined ? modelNames(repository) : spec.split(',').map((text) => text.trim());
  const versions: ModelVersion[] = [];
  for (const text of wanted) {
    const selected = selectOne(repository, text);
    if (!('folder' in selected)) return { ok: false, problem: selected.problem };
    if (!versions.includes(selected)) versions.push(selected);
  }
  return { ok: true, versions };
}

function selectOne(repository: Repository, text: string): ModelVersion | { problem: string } {
  const [name = '', version, ...rest] = text.split(':');
  if (name === '' || rest.length > 0 || (version !== undefined && !isVersion(version))) {
    return { problem: `"${shown(text)}" names no model: write NAME or NAME:VERSION, such as digits or charlm:2` };
  }
  const known = [...repository.versions, ...repository.broken].filter((entry) => entry.name === name);
  if (known.length === 0) {
    const names = modelNames(repository);
    return { problem: `there is no model "${shown(name)}" in ${repository.folder}.${didYouMean(name, names)} It has ${shownList(names)}` };
  }
  const sorted = known.sort((a, b) => Number(b.version) - Number(a.version));
  const entry = version === undefined ? sorted[0] : sorted.find((candidate) => candidate.version === version);
  if (!entry) return { problem: `model "${name}" has no version ${version}; it has ${shownList(sorted.map((other) => other.version))}` };
  return 'folder' in entry ? entry : { problem: sentence(entry.problems) };
}

function refuse(problem: Problem): Selection {
  return { ok: false, problem: sentence([problem]) };
}

/** The first problem, and how many more there are. */
function sentence(problems: readonly Problem[]): string {
  const [first] = problems;
  const more = problems.length > 1 ? ` (and ${problems.length - 1} more)` : '';
  return `${first?.file}: ${first?.problem}${more}`;
}

function modelNames(repository: Repository): string[] {
  return [...new Set([...repository.versions, ...repository.broken].map(({ name }) => name))].sort();
}
