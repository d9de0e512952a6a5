/** What went wrong in model code, as the error of a task. */

import { stripVTControlCharacters } from 'node:util';
import { limits } from '@inferq/core/limits.ts';
import type { TaskError, TaskErrorCode } from '@inferq/core/task.ts';
import type { EngineOutcome } from '../engine.ts';

/** The submitter's mistake: the task ends with INVALID_INPUT and is not tried again. */
export class InvalidInput extends Error {}

/** A failed outcome from whatever was thrown. Retried, but for the submitter's mistakes. */
export function failed(error: unknown): EngineOutcome {
  const code = codeOf(error);
  return { kind: 'fail', error: taskError(code, error), retry: code !== 'INVALID_INPUT' };
}

/** A failed outcome with a sentence of our own, not retried unless said otherwise. */
export function failedWith(code: TaskErrorCode, message: string, retry = false): EngineOutcome {
  return { kind: 'fail', error: { code, message, detail: '' }, retry };
}

/** The stack goes into the detail. */
export function taskError(code: TaskErrorCode, error: unknown): TaskError {
  const detail = error instanceof Error ? (error.stack ?? error.message) : '';
  return { code, message: cutText(firstLine(error), limits.progressMessageBytes), detail: cutText(detail, limits.errorDetailBytes) };
}

/** The first line of what was thrown, without the library's log colours. */
export function firstLine(error: unknown): string {
  const [line = ''] = (error instanceof Error ? error.message : String(error)).trim().split('\n');
  return stripVTControlCharacters(line).replace(/\.$/, '') || 'the model failed without saying why';
}

/** At most `bytes` bytes of UTF-8, cut between characters. */
export function cutText(text: string, bytes: number): string {
  const encoded = Buffer.from(text);
  // Streaming holds back a character that is cut in two.
  return encoded.byteLength <= bytes ? text : new TextDecoder().decode(encoded.subarray(0, bytes), { stream: true });
}

function codeOf(error: unknown): TaskErrorCode {
  if (error instanceof InvalidInput) return 'INVALID_INPUT';
  const message = error instanceof Error ? error.message : String(error);
  return /failed to allocate|allocation failed|out of memory|bad_alloc/i.test(message) ? 'OUT_OF_MEMORY' : 'MODEL_ERROR';
}

/** After these errors a process' CUDA context answers every call with the same error. */
export function isBeyondRepair(error: unknown): boolean {
  return error instanceof Error && /\bCUDA failure 7\d\d\b/.test(error.message);
}
