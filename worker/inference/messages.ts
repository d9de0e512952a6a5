/** What the executor's main thread and the inference thread say to each other. */

import type { EngineFacts, EngineOutcome, EngineTask, LoadedModel, ModelRef } from '../engine.ts';

export type AbortReason = 'cancel' | 'soft';

export type ToThread =
  | { kind: 'start'; model: ModelRef; tasks: EngineTask[] }
  | { kind: 'abort'; key: string; why: AbortReason }
  | { kind: 'ping' }
  /** Which emitted chunks Redis has, and which attempts turned out lost. */
  | { kind: 'held'; chunks: { chunk: number; held: boolean }[] };

export type ThreadEvent =
  | { kind: 'settled'; key: string; outcome: EngineOutcome; facts: EngineFacts }
  /** `chunk` numbers the emission within this thread. */
  | { kind: 'chunk'; key: string; chunk: number; payload: Uint8Array }
  | { kind: 'progress'; key: string; fraction: number | undefined; message: string }
  | { kind: 'callEnded'; model: ModelRef; live: number };

export type FromThread =
  | { kind: 'ready'; models: LoadedModel[] }
  /** Nothing was loaded: a sentence for people. */
  | { kind: 'refused'; sentence: string }
  | { kind: 'events'; events: ThreadEvent[] }
  | { kind: 'pong' };

/** The same bytes in memory that nothing else uses, so that it can pass to another thread. Copies a view into a larger buffer. */
export function ownBytes(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const { buffer } = bytes;
  const whole = buffer instanceof ArrayBuffer && bytes.byteLength === buffer.byteLength && bytes.byteLength > 0;
  return whole ? new Uint8Array(buffer) : new Uint8Array(bytes);
}
