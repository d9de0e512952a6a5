import { expect, test } from 'vitest';
import type { ParameterSpec } from '../model.ts';
import type { WireParameter } from '../parameters.ts';
import { checkParameters, fillParameters } from '../parameters.ts';

const specs: ParameterSpec[] = [
  { name: 'seed', type: 'int64', default: 0, description: '' },
  { name: 'temperature', type: 'double', default: 0.8, description: '' },
  { name: 'style', type: 'string', default: 'plain', description: '' },
  { name: 'echo', type: 'bool', default: false, description: '' },
];
const int64 = (value: bigint): WireParameter => ({ $case: 'int64Param', value });
const double = (value: number): WireParameter => ({ $case: 'doubleParam', value });
const string = (value: string): WireParameter => ({ $case: 'stringParam', value });
const bool = (value: boolean): WireParameter => ({ $case: 'boolParam', value });

function check(given: Record<string, WireParameter | undefined>) {
  return checkParameters(specs, new Map(Object.entries(given))).map(({ field, description }) => `${field}: ${description}`);
}

test('declared parameters of the right type are taken, the others keep their defaults', () => {
  const given = { seed: int64(7n), echo: bool(true) };
  expect(check(given)).toEqual([]);
  expect(fillParameters(specs, new Map(Object.entries(given)))).toEqual({ seed: 7, temperature: 0.8, style: 'plain', echo: true });
  expect(fillParameters(specs, new Map())).toEqual({ seed: 0, temperature: 0.8, style: 'plain', echo: false });
});

test('zero, false and the empty text are values, not defaults', () => {
  const given = { seed: int64(0n), temperature: double(0), style: string(''), echo: bool(false) };
  expect(fillParameters(specs, new Map(Object.entries(given)))).toEqual({ seed: 0, temperature: 0, style: '', echo: false });
});

test('a whole number will do for a double', () => {
  expect(check({ temperature: int64(1n) })).toEqual([]);
  expect(fillParameters(specs, new Map([['temperature', int64(1n)]]))).toMatchObject({ temperature: 1 });
});

test('an undeclared parameter is told which there are', () => {
  expect(check({ sed: int64(1n) })).toEqual([
    'parameters.sed: is not a parameter of the model. Did you mean "seed"? The model takes seed, temperature, style, echo',
  ]);
  expect(checkParameters([], new Map([['x', bool(true)]]))[0]?.description).toBe('is not a parameter of the model. The model takes none');
});

test('a value outside of the declared bounds is refused with the bounds', () => {
  const bounded: ParameterSpec[] = [
    { name: 'tokens', type: 'int64', default: 200, description: '', min: 1, max: 4096 },
    { name: 'warmth', type: 'double', default: 0, description: '', min: 0 },
    { name: 'depth', type: 'int64', default: 0, description: '', max: 3 },
    { name: 'size', type: 'int64', default: 1, description: '', enum: [1, 2, 4] },
    { name: 'style', type: 'string', default: 'plain', description: '', enum: ['plain', 'loud'] },
  ];
  const faults = (given: Record<string, WireParameter>) =>
    checkParameters(bounded, new Map(Object.entries(given))).map(({ field, description }) => `${field}: ${description}`);
  const inside = { tokens: int64(4096n), warmth: int64(0n), depth: int64(-9n), size: int64(4n), style: string('loud') };
  expect(faults(inside)).toEqual([]);
  expect(
    faults({ tokens: int64(99_999_999n), warmth: double(-0.1), depth: int64(4n), size: int64(3n), style: string('l\u001bud') }),
  ).toEqual([
    'parameters.tokens: is 99999999, but must be between 1 and 4096',
    'parameters.warmth: is -0.1, but must be at least 0',
    'parameters.depth: is 4, but must be at most 3',
    'parameters.size: is 3, but must be one of 1, 2, 4',
    'parameters.style: is "l·ud", but must be one of "plain", "loud"',
  ]);
});

test('every other type is refused', () => {
  const values = { bool: bool(true), int64: int64(1n), string: string('1'), double: double(1) };
  for (const { name, type } of specs) {
    for (const [given, value] of Object.entries(values)) {
      const right = given === type || (given === 'int64' && type === 'double');
      expect(check({ [name]: value })).toEqual(right ? [] : [`parameters.${name}: is set as ${given}_param: use ${type}_param`]);
    }
  }
});

test('a parameter without a value is refused', () => {
  expect(check({ seed: undefined })).toEqual(['parameters.seed: has no value: set int64_param']);
});

test('integers are taken as far as a number is exact', () => {
  const edge = BigInt(Number.MAX_SAFE_INTEGER);
  for (const name of ['seed', 'temperature']) {
    expect(check({ [name]: int64(edge) })).toEqual([]);
    expect(check({ [name]: int64(-edge) })).toEqual([]);
    for (const value of [edge + 1n, edge + 2n, -edge - 1n, 2n ** 63n - 1n]) {
      expect(check({ [name]: int64(value) })).toEqual([`parameters.${name}: is ${value}, but must be between ${-edge} and ${edge}`]);
    }
  }
});

test('a double must be finite', () => {
  for (const value of [Number.NaN, Infinity, -Infinity]) {
    expect(check({ temperature: double(value) })).toEqual([`parameters.temperature: is ${value}, but must be a finite number`]);
  }
});

test('names of object methods are names like others', () => {
  const odd: ParameterSpec[] = [
    { name: 'constructor', type: 'int64', default: 3, description: '' },
    { name: '__proto__', type: 'int64', default: 4, description: '' },
  ];
  expect(Object.entries(fillParameters(odd, new Map()))).toEqual([
    ['constructor', 3],
    ['__proto__', 4],
  ]);
  expect(Object.entries(fillParameters(odd, new Map([['__proto__', int64(5n)]])))).toEqual([
    ['constructor', 3],
    ['__proto__', 5],
  ]);
  expect(checkParameters(specs, new Map([['toString', bool(true)]]))).toHaveLength(1);
});

test('all wrong parameters are named, in short sentences without control characters', () => {
  const given = { [`\n${'x'.repeat(100_000)}`]: bool(true), seed: bool(true), style: double(1) };
  const found = checkParameters(specs, new Map(Object.entries(given)));
  expect(found).toHaveLength(3);
  for (const { field, description } of found) {
    expect(field).toMatch(/^parameters\.[^\p{Cc}]{1,64}$/u);
    expect(description.length).toBeLessThan(200);
  }
});

test('a flood of parameters gets one violation', () => {
  const flood = Object.fromEntries(Array.from({ length: 50_000 }, (_, index) => [`p${index}`, bool(true)]));
  expect(check(flood)).toEqual(['parameters: has 50000 entries, but the model takes seed, temperature, style, echo']);
});
