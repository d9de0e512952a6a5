import { expect, test } from 'vitest';
import { classify } from '../postprocess.ts';
import { between, seeded } from './random.ts';

const plain = { topK: 10, softmax: false, labels: ['zero', 'one', 'two'] };

test('each row gets its best classes, best first, with their labels', () => {
  expect(classify(Float32Array.of(1, 3, 2, 9, 7, 8), 3, { ...plain, topK: 2 })).toEqual([
    [
      { index: 1, label: 'one', score: 3 },
      { index: 2, label: 'two', score: 2 },
    ],
    [
      { index: 0, label: 'zero', score: 9 },
      { index: 2, label: 'two', score: 8 },
    ],
  ]);
});

test('a class without a label has an empty one', () => {
  expect(classify([0, 0, 0, 5], 4, { ...plain, topK: 1 })).toEqual([[{ index: 3, label: '', score: 5 }]]);
});

test('among equals the lower index is first', () => {
  expect(classify([2, 5, 5, 2], 4, plain)[0]?.map(({ index }) => index)).toEqual([1, 2, 0, 3]);
});

test('a softmax sums up to 1 and keeps the order, however large the logits', () => {
  for (const offset of [0, 1e4, -1e4]) {
    const [row] = classify([offset + 1, offset + 3, offset + 2], 3, { ...plain, softmax: true });
    expect(row?.map(({ index }) => index)).toEqual([1, 2, 0]);
    expect(row?.reduce((sum, { score }) => sum + score, 0)).toBeCloseTo(1, 12);
    expect(row?.[0]?.score).toBeCloseTo(Math.E ** 2 / (1 + Math.E + Math.E ** 2), 12);
  }
});

test('the share of a class counts those that are not shown', () => {
  expect(classify([0, 0, 0, 0], 4, { topK: 1, softmax: true, labels: [] })).toEqual([[{ index: 0, label: '', score: 0.25 }]]);
});

test('infinite logits share everything', () => {
  const scores = (...logits: number[]) => classify(logits, logits.length, { ...plain, softmax: true })[0]?.map(({ score }) => score);
  expect(scores(Infinity, 1, Infinity)).toEqual([0.5, 0.5, 0]);
  expect(scores(-Infinity, 1)).toEqual([1, 0]);
  expect(scores(-Infinity, -Infinity)).toEqual([0.5, 0.5]);
});

test('NaN comes last', () => {
  expect(classify([Number.NaN, 1, 2], 3, { ...plain, topK: 2 })[0]?.map(({ index }) => index)).toEqual([2, 1]);
});

test('the best are those of a full sort', () => {
  const random = seeded(5);
  for (let round = 0; round < 200; round++) {
    const logits = Array.from({ length: between(random, 1, 30) }, () => between(random, 0, 20));
    const topK = between(random, 1, 12);
    const sorted = logits.map((logit, index) => ({ logit, index })).sort((a, b) => b.logit - a.logit || a.index - b.index);
    const [row] = classify(logits, logits.length, { ...plain, topK });
    expect(row?.map(({ index }) => index)).toEqual(sorted.slice(0, topK).map(({ index }) => index));
  }
});

test('no rows give no lists, and half a row is refused', () => {
  expect(classify([], 3, plain)).toEqual([]);
  expect(() => classify([1, 2], 3, plain)).toThrow('2 logits do not fill rows of 3');
  expect(() => classify([1, 2], 0, plain)).toThrow('rows of 0');
});
