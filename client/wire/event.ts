/** What a watched task tells. */

import { type Chunk, TaskEvent as WireEvent } from '../../proto/gen/inferq/v1/event.ts';
import { decodeTensors } from '../tensor/decode.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { Dictionary } from './dictionary.ts';
import { type Progress, type Task, taskOf } from './task.ts';

interface EventFacts {
  taskId: string;
  /** Rises from event to event: what `afterSequence` takes. */
  sequence: number;
  attempt: number;
}

/** The whole task: first of all, and again after a reconnect where something changed meanwhile. */
export interface SnapshotEvent extends EventFacts {
  kind: 'snapshot';
  task: Task;
}

/** The task after a change of state. */
export interface StateEvent extends EventFacts {
  kind: 'state';
  time: Date | undefined;
  task: Task;
}

export interface ProgressEvent extends EventFacts {
  kind: 'progress';
  time: Date | undefined;
  progress: Progress;
}

/** A piece of output. `index` counts from 0 within an attempt and never skips. */
export interface ChunkEvent extends EventFacts {
  kind: 'chunk';
  time: Date | undefined;
  index: number;
  /** By name. Decoded when first read. */
  readonly outputs: Dictionary<Tensor>;
  toJSON(): unknown;
}

/** A new attempt runs: the chunks of earlier ones are void. */
export interface RestartedEvent extends EventFacts {
  kind: 'restarted';
}

export type WatchEvent = SnapshotEvent | StateEvent | ProgressEvent | ChunkEvent | RestartedEvent;

/** The readable form of a message, or undefined for a kind that a newer server knows. */
export function eventOf(raw: WireEvent): StateEvent | ProgressEvent | ChunkEvent | undefined {
  const facts = { taskId: raw.taskId, sequence: Number(raw.sequence), attempt: raw.attempt, time: raw.time };
  switch (raw.kind?.$case) {
    case 'stateChanged':
      return { kind: 'state', ...facts, task: taskOf(raw.kind.value) };
    case 'progress':
      return { kind: 'progress', ...facts, progress: { fraction: raw.kind.value.fraction, message: raw.kind.value.message } };
    case 'chunk':
      return chunkOf(facts, raw.kind.value, raw);
    default:
      return undefined;
  }
}

function chunkOf(facts: EventFacts & { time: Date | undefined }, chunk: Chunk, raw: WireEvent): ChunkEvent {
  let outputs: Dictionary<Tensor> | undefined;
  return {
    kind: 'chunk',
    ...facts,
    index: Number(chunk.index),
    get outputs() {
      outputs ??= decodeTensors(chunk.outputs);
      return outputs;
    },
    toJSON: () => ({ kind: 'chunk', ...(WireEvent.toJSON(raw) as object) }),
  };
}
