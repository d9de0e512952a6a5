import { expect, test } from 'vitest';
import type { TaskState } from '../task.ts';
import { isTerminal, taskStates, transitions } from '../task.ts';

const allowed = new Set([
  'scheduled queued',
  'scheduled cancelled',
  'scheduled expired',
  'queued running',
  'queued cancelled',
  'queued expired',
  'running succeeded',
  'running failed',
  'running cancelled',
  'running scheduled',
  'running queued',
]);

test.each(taskStates.flatMap((from) => taskStates.map((to) => [from, to] as const)))('%s to %s', (from, to) => {
  expect(transitions[from].includes(to)).toBe(allowed.has(`${from} ${to}`));
});

test('nothing follows an end, and only an end', () => {
  expect(taskStates.filter(isTerminal)).toEqual(['succeeded', 'failed', 'cancelled', 'expired']);
});

test('every state can be reached from a submission, and every task can end', () => {
  const reach = (from: TaskState, seen = new Set<TaskState>()): Set<TaskState> => {
    for (const next of transitions[from]) if (!seen.has(next)) reach(next, seen.add(next));
    return seen;
  };
  expect(new Set(['scheduled', 'queued', ...reach('scheduled'), ...reach('queued')])).toEqual(new Set(taskStates));
  for (const state of taskStates) expect(isTerminal(state) || [...reach(state)].some(isTerminal)).toBe(true);
});
