import { expect, test } from 'vitest';
import { inputsFromJson, inputsFromText } from '../input/inputs.ts';
import { typedParameters } from '../input/parameters.ts';

const image = { name: 'image', datatype: 'FP32', shape: [-1, 4] };
const mask = { name: 'mask', datatype: 'BOOL', shape: [2, 2] };
const prompt = { name: 'prompt', datatype: 'BYTES', shape: [-1] };

test('a flat list gets the missing leading dimension', () => {
  expect(inputsFromJson('m', [image], 'f', '[0, 0.5, 1, 2]')).toEqual({
    image: { datatype: 'FP32', shape: [1, 4], data: Float32Array.of(0, 0.5, 1, 2) },
  });
});

test('nested lists give the shape they have', () => {
  expect(inputsFromJson('m', [image], 'f', '[[1,2,3,4],[5,6,7,8]]').image?.shape).toEqual([2, 4]);
});

test('a bare value is enough where one dimension is missing', () => {
  expect(inputsFromJson('m', [prompt], 'f', '"Once"')).toEqual({ prompt: { datatype: 'BYTES', shape: [1], data: ['Once'] } });
});

test('an object names the inputs of a model with several', () => {
  const inputs = inputsFromJson('m', [image, mask], 'f', '{"mask": [[true, false], [false, true]], "image": [1, 2, 3, 4]}');
  expect(inputs.mask).toEqual({ datatype: 'BOOL', shape: [2, 2], data: Uint8Array.of(1, 0, 0, 1) });
  expect(Object.keys(inputs)).toEqual(['mask', 'image']);
});

test('64-bit whole numbers may be texts, so that no digit is lost', () => {
  const wide = { name: 'id', datatype: 'INT64', shape: [1] };
  expect(inputsFromJson('m', [wide], 'f', '["9007199254740993"]').id?.data).toEqual(BigInt64Array.of(9_007_199_254_740_993n));
});

test.each([
  ['no JSON', 'nonsense', /^f is not valid JSON: /],
  ['two dimensions too few', '5', 'Input "image" has the shape [], but the model wants [-1, 4]'],
  ['ragged lists', '[[1,2],[3]]', /^Input "image": .*differ in length/],
  ['null', '[null,1,2,3]', /^Input "image": .*null/],
  ['a text among numbers', '["a",1,2,3]', /^Input "image": .*element 0 is a, which FP32 cannot hold/],
  ['an unknown input', '{"picture": [1]}', 'Model m has no input "picture". It has: image.'],
])('%s is refused with a sentence', (_, text, sentence) => {
  expect(() => inputsFromJson('m', [image], 'f', text)).toThrow(sentence);
});

test('a list for a model with several inputs is refused', () => {
  expect(() => inputsFromJson('m', [image, mask], 'f', '[1]')).toThrow('give an object by input name (image, mask)');
});

test('a text becomes the one element of a BYTES input', () => {
  expect(inputsFromText('m', [prompt], 'Once upon')).toEqual({ prompt: { datatype: 'BYTES', shape: [1], data: ['Once upon'] } });
  expect(() => inputsFromText('m', [image], 'x')).toThrow('"image" is FP32 [-1, 4]: use --input');
  expect(() => inputsFromText('m', [prompt, image], 'x')).toThrow('m has 2 (prompt, image): use --input');
});

const declared = [
  { name: 'max_tokens', defaultValue: 200n },
  { name: 'temperature', defaultValue: 0.8 },
  { name: 'loud', defaultValue: false },
  { name: 'style', defaultValue: '' },
];

test('parameters get the type that the model declares', () => {
  const given = new Map([
    ['max_tokens', '5'],
    ['temperature', '1'],
    ['loud', 'true'],
    ['style', '7'],
  ]);
  expect(typedParameters('m', declared, given)).toEqual({ max_tokens: 5n, temperature: 1, loud: true, style: '7' });
});

test.each([
  ['max_tokens', '1.5', 'a whole number of at most 18 digits'],
  ['temperature', 'warm', 'a number'],
  ['loud', 'yes', 'true or false'],
])('parameter %s does not take "%s"', (name, text, wanted) => {
  expect(() => typedParameters('m', declared, new Map([[name, text]]))).toThrow(`Parameter "${name}" of m takes ${wanted}, not "${text}".`);
});

test('an undeclared parameter is refused with the declared ones', () => {
  expect(() => typedParameters('m', declared, new Map([['tokens', '5']]))).toThrow(
    'Model m has no parameter "tokens". It has: max_tokens, temperature, loud, style.',
  );
  expect(() => typedParameters('m', [], new Map([['tokens', '5']]))).toThrow('It has none');
});

test('an input of any rank takes the shape that the lists have', () => {
  const any = { name: 'x', datatype: 'FP32', shape: [], anyRank: true };
  expect(inputsFromJson('m', [any], 'f', '{"x": [[1, 2]]}').x?.shape).toEqual([1, 2]);
  expect(inputsFromJson('m', [any], 'f', '{"x": 1}').x?.shape).toEqual([]);
});

test('floats that JSON cannot write are texts', () => {
  const inputs = inputsFromJson('m', [image], 'f', '["NaN", "Infinity", "-Infinity", 0]');
  expect(inputs.image?.data).toEqual(Float32Array.of(Number.NaN, Infinity, -Infinity, 0));
});
