/** What is known of a model without loading it: enough to check a request while no worker is up. */

import type { TensorSpec } from './tensor/tensor.ts';

export type ParameterType = 'bool' | 'int64' | 'string' | 'double';
export type ParameterValue = boolean | number | string;

/** A declared parameter. `int64` values are safe integers: JavaScript handlers receive numbers. */
export interface ParameterSpec {
  name: string;
  type: ParameterType;
  default: ParameterValue;
  description: string;
  /** Of numbers only. */
  min?: number | undefined;
  max?: number | undefined;
  /** The only values that it takes. */
  enum?: ParameterValue[] | undefined;
}

export interface RetryPolicy {
  maxAttempts: number;
  delayMs: number;
  factor: number;
  maxDelayMs: number;
}

/** A model version as its worker announces it. */
export interface ModelSpec {
  name: string;
  /** A positive integer, as text. */
  version: string;
  /** SHA-256 over the files that decide its answers, in hex. */
  digest: string;
  kind: 'onnx' | 'handler';
  description: string;
  inputs: TensorSpec[];
  outputs: TensorSpec[];
  parameters: ParameterSpec[];
  queue: string;
  /** Rows in one run; 0: the model has no batch dimension. */
  maxBatchSize: number;
  maxRows: number;
  retry: RetryPolicy;
  softLimitMs?: number;
  hardLimitMs: number;
  resultTtlMs: number;
  ignoreResult: boolean;
  /** Undefined in what workers of releases before it existed have announced. */
  keepInput?: boolean;
}

/** A model version that a worker was to serve and could not load. The version is empty where the model has none that could be tried. */
export interface FailedModel {
  name: string;
  version: string;
  /** Why, in a sentence. */
  reason: string;
}

/** Milliseconds before attempt `charged + 1`, exponential with full range jitter of the upper half. `random` is in [0, 1). */
export function retryDelayMs(policy: RetryPolicy, charged: number, random: number): number {
  const full = Math.min(policy.maxDelayMs, policy.delayMs * policy.factor ** Math.max(0, charged - 1));
  return Math.round(full / 2 + (full / 2) * random);
}
