/** Submit a task and wait for its end, as if the model were called. */

import type { Connection } from '../connection.ts';
import { TaskFailedError } from '../errors.ts';
import { present } from '../wire/present.ts';
import { type SubmitRequest, submitMessage } from '../wire/request.ts';
import { isTerminal, type Task, taskOf } from '../wire/task.ts';
import { duration } from '../wire/time.ts';
import { cancel } from './cancel.ts';
import { getResult } from './get-result.ts';
import { keyOf, submitEndpoint } from './submit.ts';

export interface PredictOptions {
  signal?: AbortSignal;
  /** How long the answer may take; without it, as long as the task takes. It then throws DeadlineError. */
  timeoutMs?: number;
  /** Whether an abort or a timeout cancels the task too. Default true. */
  cancelOnAbort?: boolean;
}

/** The longest wait that a server takes. */
const roundMs = 300_000;

/** How long a Cancel may hold up the error that it follows. */
const partingMs = 2_000;

export async function predict(connection: Connection, request: SubmitRequest, options: PredictOptions): Promise<Task> {
  const { clock } = connection.internals;
  const { signal, cancelOnAbort = true } = options;
  const deadline = clock.now() + (options.timeoutMs ?? Number.POSITIVE_INFINITY);
  const round = () => {
    const left = deadline - clock.now();
    return { waitMs: Math.max(0, Math.min(roundMs, left)), ...(signal ? { signal } : {}), ...(left < roundMs ? { deadlineMs: left } : {}) };
  };

  let task = await submitBound(connection, request, { ...round(), deadlineMs: deadline - clock.now(), bindToCall: cancelOnAbort });
  try {
    while (!isTerminal(task.state)) {
      task = await getResult(connection, task.id, { ...round(), ...(request.outputs ? { outputs: request.outputs } : {}) });
    }
  } catch (error) {
    // The reply has set the task free of its call: only a Cancel ends it now. Why the prediction ended stays the news.
    if (cancelOnAbort) await cancel(connection, task.id, { deadlineMs: partingMs }).catch(() => {});
    throw error;
  }
  if (task.state !== 'SUCCEEDED') throw new TaskFailedError(task);
  return task;
}

interface BoundOptions {
  signal?: AbortSignal;
  waitMs: number;
  deadlineMs: number;
  bindToCall: boolean;
}

/** Until the reply, the server itself cancels a bound task whose call breaks off; a retry under the same key binds it again. */
async function submitBound(connection: Connection, request: SubmitRequest, { waitMs, bindToCall, ...call }: BoundOptions): Promise<Task> {
  const message = { ...submitMessage(request, keyOf(request)), wait: duration('timeoutMs', waitMs), bindToCall };
  const { task } = await connection.unary(submitEndpoint, message, call);
  return taskOf(present(task, 'task'));
}
