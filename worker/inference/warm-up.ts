/** First runs of a model on made-up inputs, so that the first task does not pay for them. */

import { setImmediate as nextTurn } from 'node:timers/promises';
import { dictionary } from '@inferq/core/dictionary.ts';
import type { ModelSpec } from '@inferq/core/model.ts';
import { fillParameters } from '@inferq/core/parameters.ts';
import { arrayTypes } from '@inferq/core/tensor/datatypes.ts';
import { elementCount } from '@inferq/core/tensor/shape.ts';
import type { ModelTensor, TensorSpec } from '@inferq/core/tensor/tensor.ts';
import type { EngineOutcome, WarmUpRemarks } from '../engine.ts';
import type { Session, Tensors } from '../handler.ts';
import { Backlog } from './backlog.ts';
import { isCodeFault } from './code-fault.ts';
import { firstLine, isBeyondRepair } from './errors.ts';
import { callHandler, type LoadedHandler } from './handler-call.ts';
import { LiveItem } from './live-item.ts';

const handlerLimitMs = 10_000;

/** Runs of one row and of a full batch. Returns what went wrong, if anything: a graph may well be unable to run on zeros. */
export async function warmUpSession(session: Session, { inputs, maxBatchSize }: ModelSpec, runs: number): Promise<WarmUpRemarks> {
  const sizes = maxBatchSize > 1 ? [1, maxBatchSize] : [1];
  try {
    for (let run = 0; run < runs; run++) {
      for (const rows of sizes) await session.run(blankInputs(inputs, rows));
    }
  } catch (error) {
    if (isBeyondRepair(error)) throw error;
    return { warning: `its warm-up run on made-up input (zeros, free dimensions 1) failed: ${firstLine(error)}` };
  }
  return {};
}

/**
 * One item after another with blank inputs and default parameters, its results discarded. Returns what went wrong, if anything: a
 * handler may well refuse blank inputs. Stops waiting after ten seconds.
 */
export async function warmUpHandler(loaded: LoadedHandler, spec: ModelSpec, runs: number): Promise<WarmUpRemarks> {
  const deadline = performance.now() + handlerLimitMs;
  for (let run = 0; run < runs; run++) {
    let outcome: EngineOutcome | undefined;
    const sink = {
      settled: (_: string, settled: EngineOutcome) => (outcome = settled),
      chunk: async () => true,
      progress: () => {},
      unstored: new Backlog(),
      flush: () => {},
    };
    const inputs = blankInputs(spec.inputs, 1);
    const item = new LiveItem(
      { key: 'warm-up', id: 'warm-up', attempt: 1 },
      { inputs, rows: 1, parameters: fillParameters(spec.parameters, new Map()) },
      spec,
      {},
      sink,
    );
    if (!(await endsBy(deadline, untilSettled(`${spec.name}:${spec.version}`, loaded, item)))) {
      item.abort('cancel');
      return { warning: `its warm-up item was not settled within ${handlerLimitMs / 1_000} seconds` };
    }
    if (outcome?.kind !== 'fail') continue;
    const sentence = `its warm-up item failed: ${outcome.error.message}`;
    return outcome.breach || isCodeFault(outcome.error.detail) ? { fault: sentence } : { warning: sentence };
  }
  return {};
}

async function untilSettled(model: string, loaded: LoadedHandler, item: LiveItem): Promise<void> {
  while (!item.settled && !item.signal.aborted) {
    await callHandler(model, loaded, [item]);
    // A step without a pause of its own would keep the timer from firing.
    await nextTurn();
  }
}

/** Whether `work` ends before the deadline. Rejects with it. */
async function endsBy(deadline: number, work: Promise<void>): Promise<boolean> {
  const { promise, resolve, reject } = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => resolve(false), Math.max(0, deadline - performance.now()));
  work.then(() => resolve(true), reject);
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
  }
}

/** Zeros and empty texts; free dimensions are 1, but the first is `rows`. What may have any rank has one dimension. */
function blankInputs(specs: readonly TensorSpec[], rows: number): Tensors {
  const wanted = specs.filter(({ optional }) => !optional);
  return dictionary(wanted.map((spec) => [spec.name, blank(spec, rows)]));
}

function blank({ datatype, shape, anyRank }: TensorSpec, rows: number): ModelTensor {
  const sizes = (anyRank ? [-1] : shape).map((dimension, index) => (dimension !== -1 ? dimension : index === 0 ? rows : 1));
  const count = elementCount(sizes);
  return {
    datatype,
    shape: sizes,
    data: datatype === 'BYTES' ? Array.from({ length: count }, () => new Uint8Array()) : new arrayTypes[datatype](count),
  };
}
