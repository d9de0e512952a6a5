/** Prints what a watch tells, event by event. One for people, one for scripts, with the same shape. */

import type { WatchEvent } from '@inferq/client/wire/event.ts';
import { isTerminal, type Task } from '@inferq/client/wire/task.ts';
import { oneLine, plainStream, printableJson } from '@inferq/core/plain-text.ts';
import { type Colours, errColours, outColours } from './colours.ts';
import { historyLines } from './history.ts';
import { answerLines, shownState, stateNote } from './task.ts';
import { onlyText, tensorLine } from './tensor.ts';
import { shownTime } from './time.ts';

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
  /** A line about the watch itself, on standard error. */
  note(line: string): void;
  end(task: Task): void;
}

/** One JSON object a line: every event, and at last the task. */
export function jsonPrinter(output: Output): WatchPrinter {
  const line = (value: unknown): void => output.out(`${printableJson(value)}\n`);
  return { event: line, note: (text) => output.err(`${text}\n`), end: line };
}

/** A line for every event on standard output, and the answer at the end. */
export function linePrinter(output: Output): WatchPrinter {
  return {
    event: (event) => output.out(`${eventLine(event, outColours)}\n`),
    note: (text) => output.err(`${text}\n`),
    end: (task) => output.out(lines([...failureLines(task), ...answerLines(task, outColours)])),
  };
}

/** The text as it comes, alone on standard output, made plain for a terminal; lines about events on standard error. */
export function textPrinter(output: Output): WatchPrinter {
  let printed = '';
  /** The last line of standard output has no end yet. */
  let open = false;
  const shown = output.onTerminal ? plainStream() : (text: string) => text;
  const print = (text: string): void => {
    printed += text;
    output.out(shown(text));
    if (text !== '') open = !text.endsWith('\n');
  };
  const endLine = (): void => {
    if (open) output.out('\n');
    open = false;
  };
  const note = (text: string): void => {
    if (output.sharedScreen) endLine();
    output.err(`${text}\n`);
  };
  return {
    event: (event) => {
      if (event.kind === 'chunk') return print(onlyText(event.outputs) ?? '');
      if (event.kind === 'restarted') {
        endLine();
        printed = '';
      }
      if ((event.kind === 'state' || event.kind === 'snapshot') && isTerminal(event.task.state)) printRest(event.task);
      note(eventLine(event, errColours));
    },
    note,
    end: (task) => {
      endLine();
      output.err(lines(failureLines(task)));
      // More than one text is no stream of one: it comes as an answer does.
      if (task.raw.outputs.length > 0 && onlyText(task.outputs) === undefined) output.out(lines(answerLines(task, outColours)));
    },
  };

  /** What the result holds beyond the chunks that came before. */
  function printRest(task: Task): void {
    const whole = task.raw.outputs.length === 0 ? undefined : onlyText(task.outputs);
    if (whole?.startsWith(printed)) print(whole.slice(printed.length));
  }
}

/** Why a task did not succeed, beyond what its last event line says. */
function failureLines(task: Task): string[] {
  return task.state === 'SUCCEEDED' ? [] : historyLines(task);
}

function lines(texts: readonly string[]): string {
  return texts.map((text) => `${text}\n`).join('');
}

function eventLine(event: WatchEvent, colours: Colours): string {
  const at = timeOf(event);
  const time = (at ? shownTime(at) : '').padEnd(24);
  switch (event.kind) {
    case 'snapshot':
    case 'state':
      return `${time}  ${shownState(event.task, colours)}  ${stateNote(event.task)}`.trimEnd();
    case 'progress': {
      const { fraction, message } = event.progress;
      return `${time}  progress  ${fraction === undefined ? '' : `${Math.round(fraction * 100)} % `}${oneLine(message)}`.trimEnd();
    }
    case 'chunk':
      return `${time}  chunk ${event.index}  ${Object.entries(event.outputs)
        .map(([name, tensor]) => tensorLine(name, tensor))
        .join('; ')}`;
    case 'restarted':
      return `${time}  attempt ${event.attempt} starts; the output of earlier attempts is discarded`;
  }
}

/** When it happened; for a snapshot, since when the task is in its state. */
function timeOf(event: WatchEvent): Date | undefined {
  if (event.kind === 'restarted') return undefined;
  if (event.kind !== 'snapshot') return event.time;
  const { endTime, startTime, submitTime, state } = event.task;
  return endTime ?? (state === 'RUNNING' ? startTime : submitTime);
}
