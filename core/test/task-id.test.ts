import { expect, test } from 'vitest';
import { newTaskId, parseTaskId } from '../task-id.ts';
import { between, seeded } from './random.ts';

const random = seeded(17);
const bytes = () => Uint8Array.from({ length: 14 }, () => between(random, 0, 255));

test('an id tells its time and partition', () => {
  for (let round = 0; round < 500; round++) {
    const [time, partition] = [between(random, 0, 2 ** 50 - 1), between(random, 0, 1_023)];
    const id = newTaskId(time, partition, bytes());
    expect(id).toMatch(/^[0-9a-hjkmnp-tv-z]{26}$/);
    expect(parseTaskId(id)).toEqual({ time, partition });
  }
});

test('ids sort by age', () => {
  const times = Array.from({ length: 500 }, () => between(random, 0, 2 ** 50 - 1));
  const ids = times.map((time) => newTaskId(time, between(random, 0, 1_023), bytes()));
  const sorted = [...ids].sort().map((id) => parseTaskId(id)?.time);
  expect(sorted).toEqual([...times].sort((a, b) => a - b));
});

test('the random part takes every byte, and differing bytes give differing ids', () => {
  const zero = new Uint8Array(14);
  const ids = Array.from({ length: 14 }, (_, index) => newTaskId(1, 0, zero.with(index, 1)));
  expect(new Set([...ids, newTaskId(1, 0, zero)]).size).toBe(15);
});

test.each([
  '',
  'x',
  '0'.repeat(25),
  '0'.repeat(27),
  `${'0'.repeat(25)}u`,
  `${'0'.repeat(25)}A`,
  `${'0'.repeat(25)}}`,
  `${'0'.repeat(26)}\n`,
])('%j is no id', (text) => {
  expect(parseTaskId(text)).toBeUndefined();
});

test('ten million characters are no id either', () => {
  expect(parseTaskId('0'.repeat(10_000_000))).toBeUndefined();
});
