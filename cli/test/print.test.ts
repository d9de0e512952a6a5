import { eventOf, type WatchEvent } from '@inferq/client/wire/event.ts';
import { taskOf } from '@inferq/client/wire/task.ts';
import { TaskEvent } from '@inferq/proto/gen/inferq/v1/event.ts';
import { TaskErrorCode, TaskState, Task as WireTask } from '@inferq/proto/gen/inferq/v1/task.ts';
import stringWidth from 'string-width';
import { describe, expect, test } from 'vitest';
import { shownBytes } from '../print/bytes.ts';
import { outColours } from '../print/colours.ts';
import { historyLines } from '../print/history.ts';
import { shownSpan } from '../print/span.ts';
import { table } from '../print/table.ts';
import { answerLines, taskLine } from '../print/task.ts';
import { type Output, textPrinter } from '../print/watch.ts';
import { printerFor } from '../run/watching.ts';

function output(sharedScreen = false, onTerminal = false): Output & { stdout: string; stderr: string } {
  return {
    stdout: '',
    stderr: '',
    sharedScreen,
    onTerminal,
    out(text) {
      this.stdout += text;
    },
    err(text) {
      this.stderr += text;
    },
  };
}

const text = (value: string) => ({
  name: 'text',
  datatype: 'BYTES',
  shape: [1n],
  data: { $case: 'contents' as const, value: { stringContents: [value] } },
});

function chunk(index: number, value: string): WatchEvent {
  const wire = TaskEvent.fromPartial({
    attempt: 1,
    sequence: 3n,
    kind: { $case: 'chunk', value: { index: BigInt(index), outputs: [text(value)] } },
  });
  return eventOf(wire) as WatchEvent;
}

function ended(value: string): WatchEvent {
  const state = { state: TaskState.SUCCEEDED, attempt: 1, outputs: [text(value)] };
  return eventOf(TaskEvent.fromPartial({ attempt: 1, sequence: 9n, kind: { $case: 'stateChanged', value: state } })) as WatchEvent;
}

test('spans and sizes are short', () => {
  expect([0.42, 12, 3_210, 10_000, 310_000, 7_500_000, 280_000_000].map(shownSpan)).toEqual([
    '0.4 ms',
    '12 ms',
    '3.2 s',
    '10 s',
    '5 min 10 s',
    '2 h 5 min',
    '3 d 5 h',
  ]);
  expect([0, 512, 1_536, 2 ** 26].map(shownBytes)).toEqual(['0 B', '512 B', '1.5 KiB', '64 MiB']);
});

test('a table is aligned, without lines and trailing blanks', () => {
  const columns = [{ title: 'QUEUE' }, { title: 'WAITING', align: 'right' as const }];
  expect(
    table(
      columns,
      [
        ['realtime', '12'],
        ['b', '3'],
      ],
      'none',
    ),
  ).toBe('QUEUE     WAITING\nrealtime       12\nb               3');
  expect(table(columns, [], 'There are none.')).toBe('There are none.');
});

describe('on a terminal', () => {
  const columns = [{ title: 'TASK', whole: true }, { title: 'QUEUE' }, { title: 'RUNNING', align: 'right' as const }, { title: 'ERROR' }];
  const rows = [
    ['01kahm3v5e00r8d2m4x6c1t9ab', 'realtime-of-the-north', '12', 'MODEL_ERROR: 画像の形が正しくありません'],
    ['01kahm3v5e00r8d2m4x6c1t9ac', 'default', '3', 'MODEL_ERROR: it broke'],
  ];
  const widthsOf = (text: string) => text.split('\n').map((line) => stringWidth(line));

  test('a table that fits is left alone', () => {
    expect(table(columns, rows, '', 120)).toBe(table(columns, rows, ''));
  });

  test('long cells of one that does not fit end with an ellipsis, but numbers and ids stay whole', () => {
    const text = table(columns, rows, '', 70);
    expect(Math.max(...widthsOf(text))).toBeLessThanOrEqual(70);
    expect(text).toContain('…');
    for (const [id = '', , running = ''] of rows) expect(text).toMatch(new RegExp(`${id} .* ${running} `));
    expect(text.split('\n')).toHaveLength(3);
  });

  test('where even that does not fit, each row is a block of lines', () => {
    const text = table(columns, rows, '', 40);
    expect(Math.max(...widthsOf(text))).toBeLessThanOrEqual(40);
    expect(text.split('\n\n')).toHaveLength(2);
    expect(text).toMatch(/^TASK {5}01kahm3v5e00r8d2m4x6c1t9ab\nQUEUE {4}realtime-of-the-north\nRUNNING {2}12\nERROR {4}MODEL_ERROR/);
    expect(text.replaceAll(/\n +/g, '')).toContain('画像の形が正しくありません');
  });
});

test('classes come best first, one list for each row', () => {
  const classes = [
    { index: 2, label: 'two', score: 0.99 },
    { index: 7, label: '', score: 0.01 },
  ];
  const one = taskOf(WireTask.fromPartial({ state: 4, classifications: [{ classes }] }));
  expect(answerLines(one, outColours)).toEqual(['class two  score 0.9900', '      7  score 0.0100']);
  const two = taskOf(WireTask.fromPartial({ state: 4, classifications: [{ classes }, { classes: classes.slice(1) }] }));
  expect(answerLines(two, outColours)).toEqual([
    'row 0: class two  score 0.9900',
    '             7  score 0.0100',
    'row 1: class 7  score 0.0100',
  ]);
});

test('outputs that are no classes are printed with their shape', () => {
  const tensor = { name: 'y', datatype: 'FP32', shape: [2n], data: { $case: 'contents' as const, value: { fp32Contents: [0.1, 2] } } };
  expect(answerLines(taskOf(WireTask.fromPartial({ state: 4, outputs: [tensor] })), outColours)).toEqual(['y FP32 [2]: 0.1, 2']);
});

test('a failed task says why, and an unserved one that nobody serves it', () => {
  const failed = taskOf(WireTask.fromPartial({ id: 'x', state: 5, attempt: 3, error: { code: 2, message: 'it broke' } }));
  expect(taskLine(failed, outColours)).toBe('x  failed  attempt 3, MODEL_ERROR: it broke');
  const unserved = taskOf(
    WireTask.fromPartial({ id: 'x', state: 2, queue: 'batch', model: 'm', unserved: true, unservedReason: 'm:3 is not served' }),
  );
  expect(taskLine(unserved, outColours)).toBe('x  queued  in batch, m:3 is not served');
});

test('a task that waits for its next attempt says why the last one failed', () => {
  const earlierExecutions = [{ attempt: 1, error: { code: TaskErrorCode.MODEL_ERROR, message: 'it broke' } }];
  const task = taskOf(WireTask.fromPartial({ id: 'x', state: 1, notBefore: new Date(0), attempt: 1, earlierExecutions }));
  expect(taskLine(task, outColours)).toBe('x  scheduled  until 1970-01-01T00:00:00.000Z, after MODEL_ERROR: it broke');
});

test('what led to a failure is told attempt by attempt, each stack once, with the metadata', () => {
  const stack = 'Error: it broke\n    at run (handler.ts:3)';
  const run = { worker: 'w', device: 'cpu', startTime: new Date(1_000), endTime: new Date(2_000), ran: { seconds: 0n, nanos: 5_000_000 } };
  const other = { code: TaskErrorCode.OUT_OF_MEMORY, message: 'no memory', detail: 'an allocation' };
  const task = taskOf(
    WireTask.fromPartial({
      state: TaskState.FAILED,
      earlierExecutions: [
        { ...run, attempt: 1, error: other },
        { ...run, attempt: 2, error: { code: 2, message: 'it broke', detail: stack } },
        { ...run, attempt: 3 },
      ],
      error: { code: 2, message: 'it broke', detail: stack },
      metadata: new Map([['who', 'me']]),
    }),
  );
  expect(historyLines(task)).toEqual([
    '  attempt 1  1970-01-01T00:00:02.000Z  waited 0 ms, ran 5 ms on cpu of w, OUT_OF_MEMORY: no memory',
    '    an allocation',
    '  attempt 2  1970-01-01T00:00:02.000Z  waited 0 ms, ran 5 ms on cpu of w, MODEL_ERROR: it broke',
    '  attempt 3  1970-01-01T00:00:02.000Z  waited 0 ms, ran 5 ms on cpu of w, given back',
    '  Error: it broke',
    '      at run (handler.ts:3)',
    '  metadata who = me',
  ]);
});

test('text comes piece by piece on standard output, alone', () => {
  const both = output();
  const printer = textPrinter(both);
  for (const event of [chunk(0, 'Once '), chunk(1, 'upon'), ended('Once upon')]) printer.event(event);
  expect(both.stdout).toBe('Once upon');
  printer.end(taskOf(WireTask.fromPartial({ state: TaskState.SUCCEEDED, outputs: [text('Once upon')] })));
  expect(both.stdout).toBe('Once upon\n');
  expect(both.stderr).toContain('succeeded');
  expect(both.stderr).not.toContain('upon');
});

test('what the result holds beyond the pieces is printed at the end', () => {
  const both = output();
  const printer = textPrinter(both);
  for (const event of [chunk(0, 'Once '), ended('Once upon')]) printer.event(event);
  expect(both.stdout).toBe('Once upon');
});

test('on one screen, a line about an event does not run into the text', () => {
  const both = output(true);
  const printer = textPrinter(both);
  for (const event of [chunk(0, 'Once'), ended('Once')]) printer.event(event);
  expect(both.stdout).toBe('Once\n');
  expect(both.stderr).toMatch(/^ *succeeded/);
});

test('a new attempt starts the text again', () => {
  const both = output();
  const printer = textPrinter(both);
  const restarted: WatchEvent = { kind: 'restarted', taskId: 'x', sequence: 4, attempt: 2 };
  for (const event of [chunk(0, 'Onc'), restarted, chunk(0, 'Once'), ended('Once')]) printer.event(event);
  expect(both.stdout).toBe('Onc\nOnce');
  expect(both.stderr).toContain('attempt 2 starts');
});

test('for scripts every line is an object, and the last one is the task', () => {
  const both = output();
  const printer = printerFor(undefined, true, both);
  const end = ended('Once');
  printer.event(chunk(0, 'Once'));
  printer.event(end);
  if (end.kind === 'state') printer.end(end.task);
  const lines = both.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(lines.map((line) => line.kind)).toEqual(['chunk', 'state', undefined]);
  expect(lines.at(-1)).toMatchObject({ state: 'TASK_STATE_SUCCEEDED', outputs: [{ name: 'text' }] });
});

/** A colour, a title, a line of its own, 8-bit forms, an override of the writing direction. */
const hostile = 'a\u001b[31mb\u001b]0;t\u0007c\n2026 forged\u009b1md\u202ee';
const obeyed = /[\p{Cc}\p{Bidi_C}\u2028\u2029]/u;

test('no text of a user or a model reaches the terminal as a command or as a line of its own', () => {
  const wire = WireTask.fromPartial({
    id: 'x',
    state: TaskState.FAILED,
    attempt: 2,
    model: hostile,
    queue: hostile,
    unserved: true,
    error: { code: 2, message: hostile, detail: hostile.replace('\n', ' ') },
    earlierExecutions: [{ worker: hostile, error: { code: 2, message: hostile } }],
    metadata: new Map([[hostile, hostile]]),
    execution: { worker: hostile, device: hostile },
    classifications: [{ classes: [{ index: 1, label: hostile, score: 1 }] }],
  });
  for (const line of [taskLine(taskOf(wire), outColours), ...historyLines(taskOf(wire)), ...answerLines(taskOf(wire), outColours)])
    expect(line).not.toMatch(obeyed);

  const outputs = taskOf(WireTask.fromPartial({ state: 4, outputs: [{ ...text(hostile), name: hostile }] }));
  for (const line of answerLines(outputs, outColours)) expect(line).not.toMatch(obeyed);

  expect(table([{ title: 'MODEL' }], [[hostile]], '').split('\n')).toEqual(['MODEL', 'abc 2026 forgedde']);

  const both = output();
  const progress = TaskEvent.fromPartial({ attempt: 1, sequence: 3n, kind: { $case: 'progress', value: { message: hostile } } });
  textPrinter(both).event(eventOf(progress) as WatchEvent);
  expect(both.stderr.replace(/\n$/, '')).not.toMatch(obeyed);
});

test('streamed text is made plain for a terminal, also where a piece ends within an escape sequence, and left alone in a pipe', () => {
  const pieces = ['red: \u001b[3', '1mx\n\ty', '\u009b0m\u001b]52;c;', 'aGk=\u0007!'];
  for (const [onTerminal, shown] of [
    [true, 'red: x\n\ty!'],
    [false, pieces.join('')],
  ] as const) {
    const both = output(false, onTerminal);
    const printer = textPrinter(both);
    for (const [index, piece] of pieces.entries()) printer.event(chunk(index, piece));
    expect(both.stdout).toBe(shown);
  }
});

test('what scripts get is printable and holds the same data', () => {
  const both = output();
  printerFor(undefined, true, both).event(chunk(0, hostile));
  expect(both.stdout.replace(/\n$/, '')).not.toMatch(obeyed);
  expect(JSON.parse(both.stdout)).toEqual(JSON.parse(JSON.stringify(chunk(0, hostile))));
});
