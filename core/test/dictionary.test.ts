import { expect, test } from 'vitest';
import { dictionary, orderedDictionary } from '../dictionary.ts';

const odd: [string, number][] = [
  ['b', 1],
  ['10', 2],
  ['__proto__', 3],
  ['2', 4],
  ['02', 5],
  ['4294967295', 6],
];
const names = odd.map(([name]) => name);

test('an ordered dictionary lists its names as they came, numbers too', () => {
  const ordered = orderedDictionary(odd);
  expect(Object.keys(ordered)).toEqual(names);
  expect(Object.entries(ordered)).toEqual(odd);
  const listed: string[] = [];
  for (const name in ordered) listed.push(name);
  expect(listed).toEqual(names);
  expect(ordered['10']).toBe(2);
  expect(Reflect.get(ordered, '__proto__')).toBe(3);
  expect(ordered.toString).toBeUndefined();
  expect(Object.keys(dictionary(odd))).not.toEqual(names);
});

test('an ordered dictionary can be changed like any object', () => {
  const ordered = orderedDictionary(odd);
  delete ordered.b;
  ordered.later = 7;
  ordered['2'] = 8;
  expect(Object.keys(ordered)).toEqual(['10', '__proto__', '2', '02', '4294967295', 'later']);
  expect(ordered['2']).toBe(8);
  expect('b' in ordered).toBe(false);
});
