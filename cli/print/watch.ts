/** Prints what a watch tells, event by event. One for people, one for scripts, with the same shape. */

import type { WatchEvent } from '@inferq/client/wire/event.ts';
import { isTerminal, type Task } from '@inferq/client/wire/task.ts';
import { oneLine, plainStream, printableJson } from '@inferq/core/plain-text.ts';
import { answerLines, shownState, stateNote } from './task.ts';
import { onlyText, tensorLine } from './tensor.ts';

/** Where lines go: `out` is standard output, `err` standard error. */
export interface Output {
  out(text: string): void;
  err(text: string): void;
  /** Whether standard output is a terminal, which obeys control characters. */
  onTerminal: boolean;
  /** Whether both show on the same screen. */
  sharedScreen: boolean;
}

export interface WatchPrinter {
  event(event: WatchEvent): void;
  end(task: Task): void;
}

/** One JSON object a line: every event, and at last the task. */
export function jsonPrinter(output: Output): WatchPrinter {
  const line = (value: unknown): void => output.out(`${printableJson(value)}\n`);
  return { event: line, end: line };
}

/** A line for every event on standard output, and the answer at the end. */
export function linePrinter(output: Output): WatchPrinter {
  return {
    event: (event) => output.out(`${eventLine(event)}\n`),
    end: (task) =>
      output.out(
        answerLines(task)
          .map((line) => `${line}\n`)
          .join(''),
      ),
  };
}

/** The text as it comes, alone on standard output, made plain for a terminal; lines about events on standard error. */
export function textPrinter(output: Output): WatchPrinter {
  let printed = '';
  const shown = output.onTerminal ? plainStream() : (text: string) => text;
  const note = (event: WatchEvent): void => {
    const newline = output.sharedScreen && printed !== '' && !printed.endsWith('\n') ? '\n' : '';
    output.err(`${newline}${eventLine(event)}\n`);
  };
  const print = (text: string): void => {
    printed += text;
    output.out(shown(text));
  };
  return {
    event: (event) => {
      if (event.kind === 'chunk') return print(onlyText(event.outputs) ?? '');
      if (event.kind === 'restarted') printed = '';
      if (event.kind === 'state' && isTerminal(event.task.state)) printRest(event.task);
      if (event.kind === 'snapshot' && isTerminal(event.task.state)) printRest(event.task);
      note(event);
    },
    // More than one text is no stream of one: it comes as an answer does.
    end: (task) => {
      if (task.raw.outputs.length > 0 && onlyText(task.outputs) === undefined) output.out(`${answerLines(task).join('\n')}\n`);
    },
  };

  /** What the result holds beyond the pieces that came before. */
  function printRest(task: Task): void {
    const whole = task.raw.outputs.length === 0 ? undefined : onlyText(task.outputs);
    if (whole?.startsWith(printed)) print(whole.slice(printed.length));
  }
}

function eventLine(event: WatchEvent): string {
  const time = timeOf(event)?.toISOString().slice(11, 23) ?? ' '.repeat(12);
  switch (event.kind) {
    case 'snapshot':
    case 'state':
      return `${time}  ${shownState(event.task)}  ${stateNote(event.task)}`.trimEnd();
    case 'progress': {
      const { fraction, message } = event.progress;
      return `${time}  progress  ${fraction === undefined ? '' : `${Math.round(fraction * 100)} % `}${oneLine(message)}`.trimEnd();
    }
    case 'chunk':
      return `${time}  chunk ${event.index}  ${Object.entries(event.outputs)
        .map(([name, tensor]) => tensorLine(name, tensor))
        .join('; ')}`;
    case 'restarted':
      return `${time}  attempt ${event.attempt} starts: what came before is void`;
  }
}

/** When it happened; for a snapshot, since when the task is in its state. */
function timeOf(event: WatchEvent): Date | undefined {
  if (event.kind === 'restarted') return undefined;
  if (event.kind !== 'snapshot') return event.time;
  const { endTime, startTime, submitTime, state } = event.task;
  return endTime ?? (state === 'RUNNING' ? startTime : submitTime);
}
