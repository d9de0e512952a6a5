/** The cases through a client, a server, Redis and a worker. */

import { join } from 'node:path';
import { type InferqClient, TaskFailedError } from '@inferq/client/index.ts';
import { dictionary } from '@inferq/core/dictionary.ts';
import { type Stack, startStack } from '../support/stack.ts';
import { outputDifference } from './compare.ts';
import { decoded, type RunnableCase, runnable, type Suite } from './suite.ts';

export interface Difference {
  case: string;
  model: string;
  /** The case ends the process that runs it: a crash in native code. */
  crash: boolean;
  why: string;
}

const inFlight = 32;
const timeoutMs = 60_000;

/**
 * Runs every case and gives those whose answers differ, by name. A worker serves one part of the cases at a time: after a crash it loads
 * only these again.
 */
export async function differences(suite: Suite): Promise<Difference[]> {
  const parts = Map.groupBy(runnable(suite), ({ part }) => part);
  const found: Difference[] = [];
  const stack = await startStack({ worker: false });
  try {
    for (const [part, cases] of parts) found.push(...(await ofPart(stack, join(suite.folder, `part-${part}`), cases)));
  } finally {
    await stack.stop();
  }
  return found.sort((one, other) => one.case.localeCompare(other.case));
}

async function ofPart(stack: Stack, repository: string, cases: readonly RunnableCase[]): Promise<Difference[]> {
  const worker = await stack.startWorker(['--repository', repository, '--threads', '1', '--log-level', 'error']);
  const found: Difference[] = [];
  const waiting = cases.values();
  const takeTurns = async () => {
    for (const one of waiting) {
      const difference = await differenceOf(one, stack.client);
      if (difference) found.push(difference);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, takeTurns));
  await worker.stop();
  return found;
}

async function differenceOf({ case: name, model, inputs, outputs }: RunnableCase, client: InferqClient): Promise<Difference | undefined> {
  try {
    const task = await client.predict({ model, inputs: dictionary(decoded(inputs)) }, { timeoutMs });
    const why = outputDifference(Object.entries(task.outputs), decoded(outputs));
    return why === undefined ? undefined : { case: name, model, crash: false, why };
  } catch (error) {
    const crash = error instanceof TaskFailedError && error.reason === 'EXECUTOR_CRASHED';
    return { case: name, model, crash, why: (error as Error).message };
  }
}
