/** Tasks handed over one by one: submitted and asked for, watched, or predicted. */

import { setTimeout as pause } from 'node:timers/promises';
import { AbortedError, DeadlineError, InferqError, TaskFailedError, UnavailableError } from '@inferq/client/index.ts';
import { judgeCutOff, notingGaps } from '../oracle/cut-off.ts';
import type { Entry } from '../oracle/entry.ts';
import type { Ledger } from '../oracle/ledger.ts';
import { WatchCheck } from '../oracle/watch-check.ts';
import type { LoadClient } from './clients.ts';

const askMs = 20_000;
const tryAgainMs = 500;

export interface LoadParts {
  ledger: Ledger;
  clients: readonly LoadClient[];
  /** Fires when no end is waited for any more. */
  giveUp: AbortSignal;
}

/** Another one than `client`, where there is one. */
function other(clients: readonly LoadClient[], { index }: LoadClient): LoadClient {
  return clients[(index + 1) % clients.length] as LoadClient;
}

export interface Answered<T> {
  reply: T;
  /** When the call began that was answered: epoch milliseconds. */
  askedAt: number;
}

/** Calls until the broker answers: whatever went wrong on the way may be asked again. Undefined where it is time to give up. */
export async function insist<T>(parts: LoadParts, client: LoadClient, call: () => Promise<T>): Promise<Answered<T> | undefined> {
  while (!parts.giveUp.aborted) {
    const askedAt = Date.now();
    try {
      const reply = await call();
      parts.ledger.heard(client.index);
      return { reply, askedAt };
    } catch (error) {
      if (!(error instanceof UnavailableError || error instanceof DeadlineError || error instanceof AbortedError)) throw error;
      await pause(tryAgainMs);
    }
  }
  return undefined;
}

/** Hands over one task and follows it to its end. */
export async function runSingle(parts: LoadParts, client: LoadClient, entry: Entry): Promise<void> {
  const { planned } = entry;
  try {
    if (planned.way === 'predict') return await predict(parts, client, entry);
    if (!(await submit(parts, client, entry))) return;
    if (planned.way === 'watch') await watchAll(parts, client, entry);
    else await ask(parts, client, entry);
  } catch (error) {
    fail(parts.ledger, entry, error);
  }
}

async function submit(parts: LoadParts, client: LoadClient, entry: Entry): Promise<boolean> {
  const { planned } = entry;
  const by = planned.twice ? [client, other(parts.clients, client)] : [client];
  const replies = await Promise.all(by.map((one) => insist(parts, one, () => one.api.submit(planned.request))));
  for (const answered of replies) if (answered) accept(parts, client, entry, answered.reply.taskId);
  return entry.taskId !== undefined;
}

/** Notes the acknowledgement, and asks for the end that was planned for the task. */
export function accept(parts: LoadParts, client: LoadClient, entry: Entry, taskId: string): void {
  const isNew = entry.taskId === undefined;
  parts.ledger.accept(entry, taskId);
  if (isNew && entry.planned.cancel) void cancel(parts, client, entry, entry.planned.cancel);
}

async function cancel(parts: LoadParts, client: LoadClient, entry: Entry, how: { afterMs: number; force: boolean }): Promise<void> {
  await pause(how.afterMs);
  try {
    const answered = await insist(parts, client, () => client.api.cancel(entry.taskId ?? '', { force: how.force }));
    if (answered) parts.ledger.see(entry, answered.reply, `client ${client.index}, cancel`, answered.askedAt);
  } catch (error) {
    fail(parts.ledger, entry, error);
  }
}

async function ask(parts: LoadParts, client: LoadClient, entry: Entry): Promise<void> {
  while (!entry.end && !parts.giveUp.aborted) {
    const answered = await insist(parts, client, () => client.api.getResult(entry.taskId ?? '', { waitMs: askMs, signal: parts.giveUp }));
    if (answered) parts.ledger.see(entry, answered.reply, `client ${client.index}, getResult`, answered.askedAt);
  }
}

async function watchAll(parts: LoadParts, client: LoadClient, entry: Entry): Promise<void> {
  const { secondWatchMs } = entry.planned;
  const second = async () => {
    if (secondWatchMs === undefined) return;
    await pause(secondWatchMs);
    await watch(parts, other(parts.clients, client), entry, 'second watch');
  };
  await Promise.all([watch(parts, client, entry, 'watch'), second()]);
}

async function watch(parts: LoadParts, client: LoadClient, entry: Entry, what: string): Promise<void> {
  const check = new WatchCheck(parts.ledger, entry, `client ${client.index}, ${what}`);
  let why = 'the stream ended';
  try {
    for await (const event of client.api.watch(entry.taskId ?? '', { signal: parts.giveUp })) {
      parts.ledger.heard(client.index);
      check.take(event);
    }
  } catch (error) {
    why = String(error);
  }
  check.close(why);
}

async function predict(parts: LoadParts, client: LoadClient, entry: Entry): Promise<void> {
  const { request, patienceMs } = entry.planned;
  try {
    const options = { signal: parts.giveUp, ...(patienceMs === undefined ? {} : { timeoutMs: patienceMs }) };
    const task = await notingGaps(entry, () => client.api.predict(request, options));
    parts.ledger.heard(client.index);
    parts.ledger.accept(entry, task.id);
    parts.ledger.see(entry, task, `client ${client.index}, predict`, Date.now());
  } catch (error) {
    if (error instanceof TaskFailedError) {
      parts.ledger.heard(client.index);
      parts.ledger.accept(entry, error.task.id);
      judgeCutOff(parts.ledger, client.index, entry, error.task);
      return parts.ledger.see(entry, error.task, `client ${client.index}, predict`, Date.now());
    }
    // Given up: how its task ended is looked up when all is over.
    const inTime = !(error instanceof DeadlineError || error instanceof UnavailableError);
    if ((inTime || patienceMs === undefined) && !parts.giveUp.aborted) throw error;
  }
}

/** A call was refused for good, which nothing explains but a task that Redis lost. */
export function fail(ledger: Ledger, entry: Entry, error: unknown): void {
  if (ledger.excused(entry.acknowledgedAt)) ledger.lose(entry);
  else ledger.violate(`a call failed: ${error instanceof InferqError ? `${error.code} ${error.message}` : String(error)}`, entry);
}
