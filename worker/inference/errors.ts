/** What went wrong in model code, as the error of a task. */

import { limits } from '@inferq/core/limits.ts';
import { oneLine, plainText } from '@inferq/core/plain-text.ts';
import type { TaskError, TaskErrorCode } from '@inferq/core/task.ts';
import type { EngineOutcome } from '../engine.ts';

/** Of a message, only so much is looked at for its first line. */
const longestMessage = 64 * 1_024;

/** The submitter's mistake: the task ends with INVALID_INPUT and is not tried again. */
export class InvalidInput extends Error {}

/** A failed outcome from whatever was thrown. Retried, but for the submitter's mistakes. */
export function failed(error: unknown): EngineOutcome {
  const code = codeOf(error);
  return { kind: 'fail', error: taskError(code, error), retry: code !== 'INVALID_INPUT' };
}

/** A failed outcome with a sentence of our own, not retried unless said otherwise. */
export function failedWith(code: TaskErrorCode, message: string, retry = false): EngineOutcome {
  return { kind: 'fail', error: { code, message: cutText(oneLine(message), limits.progressMessageBytes), detail: '' }, retry };
}

/** The stack goes into the detail. Both are text for people, and plain. */
export function taskError(code: TaskErrorCode, error: unknown): TaskError {
  const detail = plainText(saidBy(error).stack.slice(0, limits.errorDetailBytes));
  return { code, message: cutText(firstLine(error), limits.progressMessageBytes), detail: cutText(detail, limits.errorDetailBytes) };
}

/** The first line of what was thrown, as plain text. */
export function firstLine(error: unknown): string {
  const [line = ''] = saidBy(error).message.slice(0, longestMessage).trim().split('\n');
  return oneLine(line).replace(/\.$/, '') || 'the model failed without saying why';
}

/** At most `bytes` bytes of UTF-8, cut between characters. */
export function cutText(text: string, bytes: number): string {
  // A text of many megabytes is not encoded as a whole.
  const encoded = Buffer.from(text.slice(0, bytes + 1));
  // Streaming holds back a character that is cut in two.
  return encoded.byteLength <= bytes ? text : new TextDecoder().decode(encoded.subarray(0, bytes), { stream: true });
}

/** The message of anything that was thrown, and the stack of an Error. Model code may throw any value, even one that cannot be read. */
export function saidBy(error: unknown): { message: string; stack: string } {
  try {
    if (!(error instanceof Error)) return { message: String(error), stack: '' };
    const message = String(error.message);
    return { message, stack: String(error.stack ?? message) };
  } catch {
    return { message: 'the model threw a value that cannot be read', stack: '' };
  }
}

function codeOf(error: unknown): TaskErrorCode {
  const { message, stack } = saidBy(error);
  if (stack !== '' && error instanceof InvalidInput) return 'INVALID_INPUT';
  return /failed to allocate|allocation failed|out of memory|bad_alloc/i.test(message) ? 'OUT_OF_MEMORY' : 'MODEL_ERROR';
}

/** After these errors a process' CUDA context answers every call with the same error. */
export function isBeyondRepair(error: unknown): boolean {
  return /\bCUDA failure 7\d\d\b/.test(saidBy(error).message);
}
