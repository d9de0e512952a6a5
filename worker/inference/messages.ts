/** What the executor's main thread and the inference thread say to each other. */

import type { EngineFacts, EngineOutcome, EngineTask, FailedLoad, LoadedModel, ModelRef } from '../engine.ts';

export type AbortReason = 'cancel' | 'soft';

export type ToThread =
  | { kind: 'start'; model: ModelRef; run: number; tasks: EngineTask[] }
  | { kind: 'abort'; key: string; why: AbortReason }
  | { kind: 'ping' }
  /** Which emitted chunks Redis has, and which attempts turned out lost. */
  | { kind: 'held'; chunks: { chunk: number; held: boolean }[] };

export type ThreadEvent =
  | { kind: 'settled'; key: string; outcome: EngineOutcome; facts: EngineFacts }
  /** `chunk` numbers the emission within this thread. */
  | { kind: 'chunk'; key: string; chunk: number; payload: Uint8Array }
  | { kind: 'progress'; key: string; fraction: number | undefined; message: string }
  | { kind: 'callEnded'; run: number };

export type FromThread =
  | { kind: 'ready'; models: LoadedModel[]; failed: FailedLoad[] }
  /** The device cannot be used: a sentence for people. */
  | { kind: 'refused'; sentence: string }
  | { kind: 'events'; events: ThreadEvent[] }
  /** The thread cannot go on: `blamed` where what ran is the cause. */
  | { kind: 'over'; sentence: string; blamed: boolean }
  | { kind: 'pong' };

/** Above this a copy costs more than another buffer to hand over. */
const smallBytes = 64 * 1_024;

/**
 * The same bytes in memory that nothing else uses, so that it can pass to another thread, and the buffers to hand over: small ones
 * share one, because each buffer costs more than a copy of what is small.
 */
export function passable(list: readonly Uint8Array[]): { bytes: Uint8Array<ArrayBuffer>[]; transfer: ArrayBuffer[] } {
  const shared = new ArrayBuffer(list.reduce((sum, { length }) => sum + (length <= smallBytes ? aligned(length) : 0), 0));
  let used = 0;
  const bytes = list.map((one) => {
    if (one.length > smallBytes) return ownBytes(one);
    const copy = new Uint8Array(shared, used, one.length);
    copy.set(one);
    used += aligned(one.length);
    return copy;
  });
  return { bytes, transfer: [...new Set(bytes.map(({ buffer }) => buffer))] };
}

/** Elements of a tensor can be looked at in place only where they lie at a multiple of their size. */
function aligned(length: number): number {
  return (length + 7) & ~7;
}

/** Copies a view into a larger buffer, and takes a buffer that is all there is to it as it is. */
function ownBytes(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const { buffer } = bytes;
  const whole = buffer instanceof ArrayBuffer && bytes.byteLength === buffer.byteLength;
  return whole ? new Uint8Array(buffer) : new Uint8Array(bytes);
}
