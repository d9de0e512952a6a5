/** Which models an executor is not to load again: it did not survive them, or must not serve them. */

import type { FailedModel } from '@inferq/core/model.ts';
import type { LoadingStep } from '../load-watch.ts';
import type { ModelVersion } from '../repository/repository.ts';

/** Something else may end an executor once: the system's memory, an operator's mistake. */
const deathsAllowed = 1;

export class LoadFaults {
  readonly #deaths = new Map<ModelVersion, number>();
  readonly #leftOut = new Map<ModelVersion, FailedModel>();

  /** What to load next. Suspects come first, so that another death costs little. */
  plan(models: readonly ModelVersion[]): ModelVersion[] {
    const left = models.filter((version) => !this.#leftOut.has(version));
    const suspect = (version: ModelVersion) => this.#deaths.has(version);
    return [...left.filter(suspect), ...left.filter((version) => !suspect(version))];
  }

  /** The executor ended at this step: how, in words, and whether it is sure to end there again. */
  died({ version, step }: LoadingStep, how: string, sure: boolean): void {
    const deaths = (this.#deaths.get(version) ?? 0) + 1;
    this.#deaths.set(version, deaths);
    if (sure || deaths > deathsAllowed) this.leaveOut(version, deathSentence(step, how, deaths));
  }

  leaveOut(version: ModelVersion, reason: string): void {
    this.#leftOut.set(version, { name: version.name, version: version.version, reason });
  }

  get leftOut(): FailedModel[] {
    return [...this.#leftOut.values()];
  }
}

function deathSentence(step: LoadingStep['step'], how: string, deaths: number): string {
  const times = deaths > 1 ? `, ${deaths} times` : '';
  if (step === 'load') return `loading it failed${times}: ${how}`;
  return `its warm-up on made-up input failed${times}: ${how}; with \`warmup: false\` it is served without one`;
}
