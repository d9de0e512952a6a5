/**
 * Handles each class of error in the usual way, and provokes most of them.
 *
 *     node examples/errors.ts
 */

import {
  AbortedError,
  AlreadyExistsError,
  DeadlineError,
  InferqClient,
  InferqError,
  InvalidRequestError,
  NotFoundError,
  OutOfRangeError,
  OverloadedError,
  TaskFailedError,
  tensor,
  UnavailableError,
} from '@inferq/client/index.ts';

/** What to do about an error. The client has already retried what is worth retrying. */
function advice(error: unknown): string {
  if (error instanceof InvalidRequestError) return error.violations.map(({ field, description }) => `${field} ${description}`).join('; ');
  if (error instanceof TaskFailedError) return `the task ran and ended ${error.task.state}, ${error.reason}: ${error.message}`;
  if (error instanceof NotFoundError) return `start again from a new submit: ${error.message}`;
  if (error instanceof AlreadyExistsError) return 'use a new idempotency key: this one belongs to another request';
  if (error instanceof OutOfRangeError) return 'watch from the start, or read the result: these events are gone';
  if (error instanceof OverloadedError && error.retryAfterMs === undefined) return 'send less: the message is too large';
  if (error instanceof OverloadedError) return `slow down: the broker is full for another ${error.retryAfterMs} ms`;
  if (error instanceof UnavailableError) return 'try later, or alert somebody: the broker cannot be reached';
  if (error instanceof DeadlineError) return 'wait longer, or go on without the answer';
  if (error instanceof AbortedError) return 'nothing: we asked for it';
  if (error instanceof InferqError) return `report this: ${error.code} ${error.reason}: ${error.message}`;
  throw error; // not inferq's
}

async function attempt(what: string, call: () => Promise<unknown>): Promise<void> {
  try {
    await call();
    console.log(`${what}: succeeded`);
  } catch (error) {
    console.log(`${what}: ${(error as Error).constructor.name}: ${advice(error)}`);
  }
}

const client = new InferqClient();
const story = (prompt: string, parameters = {}) => ({ model: 'charlm', inputs: { prompt: tensor.strings([1], [prompt]) }, parameters });
const later = { ...story('Once upon'), delayMs: 600_000 };

await attempt('a parameter that is too small', () => client.submit(story('Once upon', { max_tokens: 0 })));
await attempt('a model that does not exist', () => client.submit({ ...story('Once upon'), model: 'no-such-model' }));
await attempt('a prompt that the model refuses', () => client.predict(story('x'.repeat(10_000))));
await attempt('an answer that takes too long', () => client.predict(later, { timeoutMs: 200 }));
await attempt('a call that we abort', () => client.predict(later, { signal: AbortSignal.timeout(200) }));
await attempt('a correct request', () => client.predict(story('Once upon', { max_tokens: 10 })));
client.close();

const nobody = new InferqClient({ server: '127.0.0.1:1', retry: { maxAttempts: 1 } });
await attempt('a server that is not there', () => nobody.submit(story('Once upon')));
nobody.close();
