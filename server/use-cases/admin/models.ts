/** The models that workers have announced, or could not load. */

import type { ModelSpec } from '@inferq/core/model.ts';
import { granted, type Outcome, refused } from '@inferq/core/refusal.ts';
import type { KnownModelView, ModelView, Page } from '../../broker.ts';
import { allFailures, type KnownModels, resolveVersion } from '../registry/known-models.ts';
import type { RegistryCache } from '../registry/registry-cache.ts';
import { unknownModel } from '../registry/unknown-model.ts';
import { answering, wrongField } from '../store-failure.ts';
import { checkNames } from '../submit/check-names.ts';
import { pageOf } from './page.ts';

/** One version, or the one that a Submit without a version would get now. */
export function getModel(registry: RegistryCache, name: string, version: string): Promise<Outcome<KnownModelView>> {
  return answering(async () => {
    const [wrong] = checkNames({ model: name, version });
    if (wrong !== undefined) return wrongField(wrong.field, wrong.description);
    const known = await registry.current();
    const found = modelView(known, name, version) ?? modelView(await registry.refresh(), name, version);
    if (found !== undefined) return granted(found);
    const { reason, message } = unknownModel(registry.last(), name, version);
    return refused(reason, message);
  });
}

function modelView(known: KnownModels, name: string, version: string): KnownModelView | undefined {
  const spec = resolveVersion(known, name, version, '');
  return spec && viewOf(known, spec);
}

function viewOf(known: KnownModels, spec: ModelSpec): KnownModelView {
  const { name, version } = spec;
  const failures = known.failures(name).filter((failure) => failure.version === version);
  return { name, version, spec, liveExecutors: known.liveExecutors(name, version), failures };
}

/** Every version known or failed, by name, the highest version first. */
export function listModels(registry: RegistryCache, pageSize: number, token: string): Promise<Outcome<Page<ModelView>>> {
  return answering(async () => {
    const known = await registry.refresh();
    const views = [...known.registry.models.map((spec) => viewOf(known, spec)), ...failedViews(known)];
    return pageOf(views, ({ name, version }) => `${name} ${String(1e9 - Number(version)).padStart(10, '0')} ${version}`, pageSize, token);
  });
}

/** What workers tell of that could be loaded nowhere and never. */
function failedViews(known: KnownModels): ModelView[] {
  const unknown = allFailures(known.registry).filter(({ name, version }) => resolveVersion(known, name, version || '0', '') === undefined);
  const byVersion = Map.groupBy(unknown, ({ name, version }) => `${name} ${version}`);
  return [...byVersion.values()].flatMap((failures) => {
    const [first] = failures;
    return first ? [{ name: first.name, version: first.version, liveExecutors: 0, failures }] : [];
  });
}
