/** Run limits, result options and inputs, which depend on the model. Pure. */

import { limits } from '@inferq/core/limits.ts';
import type { ModelSpec } from '@inferq/core/model.ts';
import type { Violation } from '@inferq/core/refusal.ts';
import { violation } from '@inferq/core/violation.ts';
import type { SubmitCommand } from '../../broker.ts';
import { type SubmitCall, shownMs } from './check-options.ts';

/** Whether a run of `rows` has no point at which a soft limit could act: one slice of a plain ONNX model. */
export function runsInOneSlice(spec: ModelSpec, rows: number): boolean {
  return spec.kind === 'onnx' && (spec.maxBatchSize === 0 || rows <= spec.maxBatchSize);
}

/** Soft and hard limits; a model's own fill in for those not given. `rows` is undefined where the inputs are wrong. */
export function checkRunLimits(command: SubmitCommand, spec: ModelSpec | undefined, rows: number | undefined): Violation[] {
  const { softLimitMs, hardLimitMs } = command;
  const wrong: Violation[] = [];
  const hardIsWrong = hardLimitMs !== undefined && !(hardLimitMs >= 1 && hardLimitMs <= limits.hardLimitMs);
  if (hardIsWrong) {
    wrong.push(
      violation('hard_time_limit', `is ${shownMs(hardLimitMs)}, but must be between 1 ms and ${shownMs(limits.hardLimitMs)} (24 hours)`),
    );
  }
  if (softLimitMs === undefined) return wrong;
  const hard = hardLimitMs ?? spec?.hardLimitMs;
  if (!(softLimitMs > 0 && Number.isFinite(softLimitMs))) {
    wrong.push(violation('soft_time_limit', `is ${shownMs(softLimitMs)}, but must be above 0 s`));
  } else if (!hardIsWrong && hard !== undefined && Math.ceil(softLimitMs) >= Math.ceil(hard)) {
    wrong.push(violation('soft_time_limit', `is ${shownMs(softLimitMs)}; it must be below the hard limit of ${shownMs(hard)}`));
  } else if (spec !== undefined && rows !== undefined && runsInOneSlice(spec, rows)) {
    const why = 'acts between slices, and this model runs the task in one';
    wrong.push(violation('soft_time_limit', `${why}: leave it out, or use hard_time_limit`));
  }
  return wrong;
}

/** Whether and how long the result is kept. */
export function checkResult(command: SubmitCommand, spec: ModelSpec | undefined, call: SubmitCall): Violation[] {
  const { resultTtlMs, ignoreResult = spec?.ignoreResult ?? false } = command;
  const wrong: Violation[] = [];
  const instead = command.ignoreResult === undefined ? '; the model sets it: set it to false here' : '';
  if (ignoreResult && call.waitMs !== undefined && !call.inStream) {
    wrong.push(violation('ignore_result', `leaves no outputs for wait to return${instead}`));
  }
  if (resultTtlMs === undefined) return wrong;
  if (!(resultTtlMs >= 1_000 && resultTtlMs <= limits.resultTtlMs)) {
    wrong.push(violation('result_ttl', `is ${shownMs(resultTtlMs)}, but must be between 1 s and ${shownMs(limits.resultTtlMs)} (30 days)`));
  } else if (ignoreResult) {
    wrong.push(violation('result_ttl', `has no effect with ignore_result${instead}`));
  }
  return wrong;
}
