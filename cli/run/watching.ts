/** Follows a task to its end on the terminal. */

import type { InferqClient } from '@inferq/client/index.ts';
import type { Model } from '@inferq/client/wire/model.ts';
import { isTerminal, type Task } from '@inferq/client/wire/task.ts';
import type { JsonFlag } from '../commands/json.ts';
import { type ServerFlags, withPatientClient } from '../connect.ts';
import { Failure } from '../failure.ts';
import { jsonPrinter, linePrinter, type Output, textPrinter, type WatchPrinter } from '../print/watch.ts';
import { comeBackLine, untilInterrupted } from './come-back.ts';
import { exitCodeOf } from './finish.ts';
import { Notes } from './notes.ts';
import { readableOutputs } from './outputs.ts';
import { lookAfter } from './waiting.ts';

/** This process' own standard output and error. */
const terminal: Output = {
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

/** Prints every event until the task ends, also after breaks of the connection; resolves with the exit code. */
export function watchTask(flags: ServerFlags & JsonFlag, taskId: string, model: Model | undefined): Promise<number> {
  const printer = printerFor(model, flags.json, terminal);
  const notes = new Notes((line) => printer.note(line));
  const comeBack = comeBackLine('watch', taskId, flags);
  return untilInterrupted(comeBack, (signal) =>
    withPatientClient(flags, { comeBack, onRetry: (error) => notes.lost(error) }, async (client) => {
      const task = await printEvents(client, taskId, { printer, notes, signal });
      if (!task || !isTerminal(task.state))
        throw new Failure(`The watch of ${taskId} ended before the task. Come back to it with: ${comeBack}`);
      printer.end(task);
      return exitCodeOf(task);
    }),
  );
}

/** The task as it was told last. */
async function printEvents(
  client: InferqClient,
  taskId: string,
  { printer, notes, signal }: { printer: WatchPrinter; notes: Notes; signal: AbortSignal },
): Promise<Task | undefined> {
  let last: Task | undefined;
  const over = new AbortController();
  const waits = () => last?.state === 'QUEUED' || last?.state === 'SCHEDULED';
  const looking = lookAfter(client, taskId, waits, { notes, signal: AbortSignal.any([signal, over.signal]) });
  try {
    for await (const event of client.watch(taskId, { signal, outputs: readableOutputs })) {
      if (event.kind === 'snapshot' || event.kind === 'state') {
        last = event.task;
        notes.showed(event.task);
      } else {
        notes.heard();
      }
      printer.event(event);
    }
  } finally {
    over.abort();
    await looking;
  }
  return last;
}
