/** Follows a task to its end on the terminal. */

import type { InferqClient } from '@inferq/client/index.ts';
import type { Model } from '@inferq/client/wire/model.ts';
import { isTerminal, type Task } from '@inferq/client/wire/task.ts';
import { exitCodes, Failure } from './failure.ts';
import { jsonPrinter, linePrinter, type Output, textPrinter, type WatchPrinter } from './print/watch.ts';

/** Outputs travel as lists and texts, which people and scripts can read. */
export const readableOutputs = { encoding: 'contents' } as const;

/** This process' own standard output and error. */
export const terminal: Output = {
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
  onTerminal: Boolean(process.stdout.isTTY),
  sharedScreen: Boolean(process.stdout.isTTY && process.stderr.isTTY),
};

/** The printer for what this model puts out; `model` is undefined where it is not known any more. */
export function printerFor(model: Pick<Model, 'outputs'> | undefined, json: boolean | undefined, output: Output): WatchPrinter {
  if (json) return jsonPrinter(output);
  const [only, ...others] = model?.outputs ?? [];
  return only?.datatype === 'BYTES' && others.length === 0 ? textPrinter(output) : linePrinter(output);
}

/**
 * Prints every event until the task ends; resolves with the exit code. Ctrl-C leaves the task alone and throws a Failure that says
 * how to go on; `again` is the command line for that.
 */
export async function watchTask(client: InferqClient, taskId: string, printer: WatchPrinter, again: string): Promise<number> {
  const detach = new AbortController();
  const onInterrupt = (): void => detach.abort();
  process.on('SIGINT', onInterrupt);
  let last: Task | undefined;
  try {
    for await (const event of client.watch(taskId, { signal: detach.signal, outputs: readableOutputs })) {
      if (event.kind === 'snapshot' || event.kind === 'state') last = event.task;
      printer.event(event);
    }
  } catch (error) {
    if (!detach.signal.aborted) throw error;
    throw new Failure(`\nDetached; the task goes on. Watch it again with: ${again}`, exitCodes.interrupted);
  } finally {
    process.off('SIGINT', onInterrupt);
  }
  if (!last || !isTerminal(last.state)) throw new Failure(`The watch of ${taskId} ended before the task. Watch it again with: ${again}`);
  printer.end(last);
  return exitCodeOf(last);
}

/** 0 only for a task that succeeded. */
export function exitCodeOf(task: Task): number {
  return task.state === 'SUCCEEDED' ? exitCodes.succeeded : exitCodes.failed;
}
