/** What went wrong in model code, as the error of a task. */

import { limits } from '@inferq/core/limits.ts';
import { oneLine, plainText } from '@inferq/core/plain-text.ts';
import type { TaskError, TaskErrorCode } from '@inferq/core/task.ts';
import type { EngineOutcome } from '../engine.ts';

/** Of a message, only so much is looked at for its first line. */
const longestMessage = 64 * 1_024;

/** A failure that says by itself how its task ends. */
export class TaskFault extends Error {
  readonly code: TaskErrorCode;
  readonly retry: boolean;
  /** What is worth knowing beyond the message. */
  readonly detail: string;

  constructor(code: TaskErrorCode, message: string, { retry = false, detail = '' }: { retry?: boolean; detail?: string } = {}) {
    super(message);
    this.code = code;
    this.retry = retry;
    this.detail = detail;
  }
}

/** The submitter's mistake: the task ends with INVALID_INPUT and is not tried again. */
export function invalidInput(message: string): TaskFault {
  return new TaskFault('INVALID_INPUT', message);
}

/** A failed outcome from whatever was thrown. Retried, unless what was thrown says otherwise. */
export function failed(error: unknown): EngineOutcome {
  const { code, retry } = fateOf(error);
  return { kind: 'fail', error: taskError(code, error), retry };
}

/** A failed outcome with a sentence of our own, not retried unless said otherwise. */
export function failedWith(code: TaskErrorCode, message: string, retry = false): EngineOutcome {
  return { kind: 'fail', error: { code, message: cutText(oneLine(message), limits.progressMessageBytes), detail: '' }, retry };
}

/** The stack goes into the detail, where nothing else is known. */
export function taskError(code: TaskErrorCode, error: unknown): TaskError {
  const detail = taskFaultOf(error)?.detail || saidBy(error).stack;
  return { code, message: cutText(firstLine(error), limits.progressMessageBytes), detail: detailOf(detail) };
}

/** The stack of what was thrown, as plain text within the bounds of a detail; '' where it has none. */
export function stackOf(error: unknown): string {
  return detailOf(saidBy(error).stack);
}

function detailOf(text: string): string {
  return cutText(plainText(text.slice(0, limits.errorDetailBytes)), limits.errorDetailBytes);
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

/** `instanceof` for anything that was thrown: asking a revoked proxy throws. */
export function isA<T>(thrown: unknown, type: new (...args: never[]) => T): thrown is T {
  try {
    return thrown instanceof type;
  } catch {
    return false;
  }
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

/** The code and fate of a task whose model code threw `error`. */
export function fateOf(error: unknown): { code: TaskErrorCode; retry: boolean } {
  const fault = taskFaultOf(error);
  if (fault) return fault;
  const outOfMemory = /failed to allocate|allocation failed|out of memory|bad_alloc/i.test(saidBy(error).message);
  return { code: outOfMemory ? 'OUT_OF_MEMORY' : 'MODEL_ERROR', retry: true };
}

/** `error` where it is a TaskFault, whatever else may have been thrown. */
function taskFaultOf(error: unknown): TaskFault | undefined {
  return isA(error, TaskFault) ? error : undefined;
}

/** After these errors a process' CUDA context answers every call with the same error. */
export function isBeyondRepair(error: unknown): boolean {
  return /\bCUDA failure 7\d\d\b/.test(saidBy(error).message);
}
