/** An engine on real models, and everything it told. */

import { orderedDictionary } from '@inferq/core/dictionary.ts';
import type { ParameterValue } from '@inferq/core/model.ts';
import type { Classification } from '@inferq/core/postprocess.ts';
import { toModelTensor, toTensor } from '@inferq/core/tensor/convert.ts';
import type { ModelTensor } from '@inferq/core/tensor/tensor.ts';
import { StoredInput, StoredOutput } from '@inferq/proto/gen/inferq/storage/v1/storage.ts';
import { onTestFinished } from 'vitest';
import type { Engine, EngineFacts, EngineListener, EngineOutcome, EngineTask } from '../engine.ts';
import type { Tensors } from '../handler.ts';
import { startEngine } from '../inference/start-engine.ts';
import { openRepository } from '../repository/repository.ts';
import { selectModels } from '../repository/select.ts';

export interface Chunk {
  key: string;
  /** Of its outputs. */
  names: string[];
  text: string;
  done: (held: boolean) => void;
}

export class Heard implements EngineListener {
  readonly outcomes = new Map<string, { outcome: EngineOutcome; facts: EngineFacts }>();
  readonly chunks: Chunk[] = [];
  readonly progressed: { key: string; fraction: number | undefined; message: string }[] = [];
  /** Numbers of batches that are over. */
  readonly over: number[] = [];
  /** Where the engine has broken, or is faulty without a task to blame. */
  failure: Error | undefined;
  faulted: Error | undefined;
  /** Chunks are held as they come, unless a test answers them itself. */
  answering = true;
  #waiting: (() => void)[] = [];

  settled(key: string, outcome: EngineOutcome, facts: EngineFacts): void {
    if (this.outcomes.has(key)) throw new Error(`${key} was settled twice`);
    this.outcomes.set(key, { outcome, facts });
    this.#changed();
  }

  chunk(key: string, payload: Uint8Array, done: (held: boolean) => void): void {
    const { outputs } = decode(payload);
    const [first] = Object.values(outputs);
    this.chunks.push({ key, names: Object.keys(outputs), text: first?.datatype === 'BYTES' ? textOf(first) : '', done });
    if (this.answering) done(true);
    this.#changed();
  }

  progress(key: string, fraction: number | undefined, message: string): void {
    this.progressed.push({ key, fraction, message });
    this.#changed();
  }

  callEnded(run: number): void {
    this.over.push(run);
    this.#changed();
  }

  faulty(error: Error): void {
    this.faulted = error;
    this.#changed();
  }

  broken(error: Error): void {
    this.failure = error;
    this.#changed();
  }

  /** Waits until the engine has told what makes this true. */
  async until<T>(look: () => T | undefined | false): Promise<T> {
    for (;;) {
      const found = look();
      if (found) return found;
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  /** The outputs of a task that must complete. */
  async outputs(key: string): Promise<{ outputs: Tensors; classes: Classification[][]; facts: EngineFacts; partial: boolean }> {
    const { outcome, facts } = await this.until(() => this.outcomes.get(key));
    if (outcome.kind !== 'complete') throw new Error(`${key} did not complete: ${JSON.stringify(outcome)}`);
    return { ...decode(outcome.output), facts, partial: outcome.partial };
  }

  /** The failure of a task that must fail. */
  async fault(key: string): Promise<Extract<EngineOutcome, { kind: 'fail' }>> {
    const { outcome } = await this.until(() => this.outcomes.get(key));
    if (outcome.kind !== 'fail') throw new Error(`${key} did not fail`);
    return outcome;
  }

  #changed(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}

/** Starts an engine that ends with its test; `models` are as `NAME`, of version 1. */
export async function engineOn(repository: string, models: string[], device = 'cpu'): Promise<{ engine: Engine; heard: Heard }> {
  const heard = new Heard();
  const selected = selectModels(await openRepository(repository), models.map((name) => `${name}:1`).join());
  if (!selected.ok) throw new Error(selected.problem);
  const engine = await startEngine(
    { models: selected.versions, device, threads: 1, log: { level: 'silent', worker: '', executor: '', dest: 1 } },
    heard,
  );
  onTestFinished(() => engine.close());
  return { engine, heard };
}

/** A task as the executor hands it over; its rows are dimension 0 of its first input. */
export function taskOf(key: string, inputs: Tensors, parameters: Record<string, ParameterValue> = {}): EngineTask {
  const input = StoredInput.fromPartial({
    inputs: Object.entries(inputs).map(([name, tensor]) => toTensor(name, tensor)),
    parameters: new Map(Object.entries(parameters).map(([name, value]) => [name, { value: wire(value) }])),
  });
  return { key, id: key, attempt: 1, rows: Object.values(inputs)[0]?.shape[0] ?? 1, input: StoredInput.encode(input).finish() };
}

export function floats(shape: number[], values: Iterable<number>): ModelTensor {
  return { datatype: 'FP32', shape, data: Float32Array.from(values) };
}

export function text(word: string): ModelTensor {
  return { datatype: 'BYTES', shape: [1], data: [new TextEncoder().encode(word)] };
}

export function textOf(tensor: ModelTensor | undefined): string {
  return new TextDecoder().decode((tensor?.data as Uint8Array[] | undefined)?.[0]);
}

function wire(value: ParameterValue) {
  if (typeof value === 'boolean') return { $case: 'boolParam' as const, value };
  if (typeof value === 'string') return { $case: 'stringParam' as const, value };
  return Number.isInteger(value) ? { $case: 'int64Param' as const, value: BigInt(value) } : { $case: 'doubleParam' as const, value };
}

function decode(bytes: Uint8Array): { outputs: Tensors; classes: Classification[][] } {
  const { outputs, classifications } = StoredOutput.decode(bytes);
  return {
    outputs: orderedDictionary(outputs.map((tensor) => [tensor.name, toModelTensor(tensor)])),
    classes: classifications.map(({ classes }) => classes),
  };
}
