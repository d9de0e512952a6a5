/** Reads a task or its input, and waits where that is asked. */

import { type JsonFlag, printJson } from '../commands/json.ts';
import { type ServerFlags, withClient, withPatientClient } from '../connect.ts';
import { inputLines } from '../print/task.ts';
import { comeBackLine, untilInterrupted } from './come-back.ts';
import { printComeBack, printTask } from './finish.ts';
import { Notes } from './notes.ts';
import { readableOutputs } from './outputs.ts';
import { waitForEnd } from './waiting.ts';

type Flags = ServerFlags & JsonFlag;

/** Prints the task as it stands; resolves with the exit code. */
export async function printStanding(taskId: string, flags: Flags): Promise<number> {
  const task = await withClient(flags, (client) => client.getResult(taskId, { outputs: readableOutputs }));
  return printTask(task, flags.json);
}

/** Waits for the task's end, `waitMs` at most, and prints it; resolves with the exit code. */
export async function waitAndPrint(taskId: string, waitMs: number, flags: Flags): Promise<number> {
  const notes = new Notes((line) => void process.stderr.write(`${line}\n`));
  const comeBack = comeBackLine('result', taskId, flags);
  const task = await untilInterrupted(comeBack, (signal) =>
    withPatientClient(flags, { comeBack, onRetry: (error) => notes.lost(error) }, (client) =>
      waitForEnd(client, taskId, waitMs, { notes, signal }),
    ),
  );
  const code = printTask(task, flags.json);
  printComeBack(task, comeBack);
  return code;
}

/** Prints what the task was submitted with. */
export async function printInput(taskId: string, flags: Flags): Promise<void> {
  const input = await withClient(flags, (client) => client.getInput(taskId, readableOutputs));
  if (flags.json) printJson(input);
  else
    process.stdout.write(
      inputLines(input)
        .map((line) => `${line}\n`)
        .join(''),
    );
}
