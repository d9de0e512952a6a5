/** Names of models, versions and queues that are not written as such. Pure. */

import { isName, isVersion, nameRule, shown } from '@inferq/core/names.ts';
import type { Violation } from '@inferq/core/refusal.ts';
import { violation } from '@inferq/core/violation.ts';

/** What is wrong with the names of a request. An empty version or queue is left open. */
export function checkNames({ model, version, queue = '' }: { model: string; version: string; queue?: string }): Violation[] {
  const wrong: Violation[] = [];
  if (model === '') wrong.push(violation('model', 'is missing: name the model to run'));
  else if (!isName(model)) wrong.push(violation('model', `"${shown(model)}" is not a valid name: use ${nameRule}.${versionedName(model)}`));
  if (version !== '' && !isVersion(version)) {
    const rule = 'give a positive whole number, or leave it out';
    wrong.push(violation('version', `"${shown(version)}" is not a version: ${rule}.${plainVersion(version)}`));
  }
  if (queue !== '' && !isName(queue)) wrong.push(violation('queue', `"${shown(queue)}" is not a valid name: use ${nameRule}`));
  return wrong;
}

/** Everywhere else a model version is written as NAME:VERSION. */
function versionedName(model: string): string {
  const [name = '', version = ''] = model.split(':', 3);
  const meant = isName(name) && isVersion(version) && model === `${name}:${version}`;
  return meant ? ` Did you mean the model "${name}" with the version "${version}"?` : '';
}

/** `v2`, `02` and `2.0` are the version 2. */
function plainVersion(version: string): string {
  const number = version.length > 16 ? undefined : /^v?0*([0-9]+)(\.0+)*$/i.exec(version)?.[1];
  return number !== undefined && isVersion(number) ? ` Did you mean "${number}"?` : '';
}
