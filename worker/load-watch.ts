/** Follows a process while it loads models: which one it is at, and for how long. */

import type { LoadReport, LoadStep } from './load-report.ts';
import type { ModelVersion } from './repository/repository.ts';

/** What a process is busy with. */
export interface LoadingStep {
  version: ModelVersion;
  step: LoadStep;
  sinceMs: number;
}

export class LoadWatch {
  readonly #models: readonly ModelVersion[];
  readonly #noticeMs: number;
  readonly #onSlow: (loading: LoadingStep) => void;
  #begun: { version: ModelVersion; step: LoadStep; at: number; noticeMs: number } | undefined;

  /**
   * `models` in the order in which they are loaded. `onSlow` is told of a step that takes longer than `noticeMs`, and again each time
   * after twice as long.
   */
  constructor(models: readonly ModelVersion[], noticeMs: number, onSlow: (loading: LoadingStep) => void) {
    this.#models = models;
    this.#noticeMs = noticeMs;
    this.#onSlow = onSlow;
  }

  hear(report: LoadReport): void {
    const version = this.#models[report.index];
    const begins = report.kind === 'begun' && version;
    this.#begun = begins ? { version, step: report.step, at: performance.now(), noticeMs: this.#noticeMs } : undefined;
  }

  /** Undefined before the first model, after the last, and between two. */
  get loading(): LoadingStep | undefined {
    const begun = this.#begun;
    return begun && { version: begun.version, step: begun.step, sinceMs: performance.now() - begun.at };
  }

  /** To be called now and then. Gives a sentence where the step takes longer than its model may. */
  look(): string | undefined {
    const { loading } = this;
    if (!this.#begun || !loading) return undefined;
    if (loading.sinceMs >= this.#begun.noticeMs) {
      this.#begun.noticeMs *= 2;
      this.#onSlow(loading);
    }
    const limitMs = loading.version.settings.load_time_limit;
    return loading.sinceMs > limitMs ? `it took longer than its load_time_limit of ${limitMs / 1_000} s` : undefined;
  }
}
