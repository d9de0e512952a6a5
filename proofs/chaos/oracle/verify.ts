/** After the last fault: every task is looked up once more, and held against what clients were told and what was run. */

import { isTerminal, NotFoundError, type Task } from '@inferq/client/index.ts';
import type { LoadClient } from '../load/clients.ts';
import { fail, insist, type LoadParts } from '../load/single.ts';
import type { Entry } from './entry.ts';
import type { Run } from './journal.ts';
import type { Ledger } from './ledger.ts';

const atOnce = 64;
/** A prediction that was given up may be looked up before its call's end has cancelled it. */
const lastWaitMs = 5_000;

/** The record of every acknowledged task, as it stands in the end. */
export async function readRecords(parts: LoadParts): Promise<Map<Entry, Task>> {
  const records = new Map<Entry, Task>();
  const left = parts.ledger.entries.values();
  const reader = async (client: LoadClient) => {
    for (const entry of left) {
      const task = await readRecord(parts, client, entry);
      if (task) records.set(entry, task);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, (_, index) => reader(parts.clients[index % parts.clients.length] as LoadClient)));
  return records;
}

async function readRecord(parts: LoadParts, client: LoadClient, entry: Entry): Promise<Task | undefined> {
  const { ledger } = parts;
  try {
    if (entry.planned.way === 'predict' && entry.taskId === undefined) await findPredicted(parts, client, entry);
    const { taskId } = entry;
    if (taskId === undefined) return undefined;
    const answered = await insist(parts, client, () => client.api.getResult(taskId, { waitMs: lastWaitMs }));
    if (!answered) return undefined;
    const { reply: task, askedAt } = answered;
    if (!isTerminal(task.state)) ledger.violate(`it was acknowledged, and is still ${task.state}`, entry);
    ledger.see(entry, task, 'the record', askedAt);
    return task;
  } catch (error) {
    if (error instanceof NotFoundError && !ledger.excused(entry.acknowledgedAt))
      ledger.violate('it was acknowledged, and is unknown', entry);
    else fail(ledger, entry, error);
    return undefined;
  }
}

/** A prediction that was given up tells no id; its idempotency key does. */
async function findPredicted(parts: LoadParts, client: LoadClient, entry: Entry): Promise<void> {
  const answered = await insist(parts, client, () => client.api.submit(entry.planned.request));
  if (answered) parts.ledger.accept(entry, answered.reply.taskId);
}

/** Each result was made by exactly one run, and no attempt was started twice. */
export function checkRuns(ledger: Ledger, records: ReadonlyMap<Entry, Task>, runs: ReadonlyMap<number, Run[]>): void {
  for (const [entry, task] of records) {
    const own = runs.get(entry.planned.tag) ?? [];
    const { end } = entry;
    if (end?.state === 'SUCCEEDED' && !own.some((run) => run.attempt === end.attempt && run.nonce === end.nonce)) {
      ledger.violate(`no run answered ${end.nonce} in attempt ${end.attempt}`, entry);
    }
    const attempts = own.map(({ attempt }) => attempt);
    const twice = own.find((run, index) => attempts.indexOf(run.attempt) < index && !ledger.excused(run.startedAt));
    if (twice) ledger.violate(`attempt ${twice.attempt} was run twice`, entry);
    if (attempts.some((attempt) => attempt > task.attempt)) ledger.violate(`it ran more often than its ${task.attempt} attempts`, entry);
  }
}
