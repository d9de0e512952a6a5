import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { buildModel, plusOne } from '../../test/support/onnx-fixture.ts';
import { graphOf, readGraph } from '../onnx/graph.ts';
import { withoutInitializers } from '../onnx/rewrite.ts';
import { signatureFault } from '../onnx/signature.ts';
import { bytesSource, int64s } from '../onnx/wire.ts';

const folder = mkdtempSync(join(tmpdir(), 'inferq-graph-'));
afterAll(() => rmSync(folder, { recursive: true }));

function stored(bytes: Uint8Array): string {
  const file = join(folder, 'model.onnx');
  writeFileSync(file, bytes);
  return file;
}

const everyKind = buildModel({
  inputs: [
    ['fixed', { type: 'FP32', shape: [2, 'n', 3] }],
    ['scalar', { type: 'INT64', shape: [] }],
    ['any', { type: 'BYTES' }],
    ['list', { type: 'FP32', shape: [1], kind: 'sequence' }],
  ],
  outputs: [
    ['maybe', { type: 'FP32', shape: [1], kind: 'optional' }],
    ['maps', { type: 'FP32', shape: [], kind: 'maps' }],
  ],
  // Larger than what is read at once, and in the way of what comes behind it.
  constants: { weights: { shape: [100_000], values: new Float32Array(100_000) } },
  nodes: [],
});

test('the graph of a file is read past its weights', () => {
  expect(readGraph(stored(everyKind))).toEqual({
    irVersion: 9,
    inputs: [
      { name: 'fixed', type: { kind: 'tensor', element: 1, shape: [2, -1, 3] } },
      { name: 'scalar', type: { kind: 'tensor', element: 7, shape: [] } },
      { name: 'any', type: { kind: 'tensor', element: 8, shape: undefined } },
      { name: 'list', type: { kind: 'sequence' } },
    ],
    outputs: [
      { name: 'maybe', type: { kind: 'optional value' } },
      { name: 'maps', type: { kind: 'sequence of maps' } },
    ],
  });
});

test.each([
  ['text', Buffer.from('hello, this is no model at all')],
  ['half a model', everyKind.subarray(0, everyKind.length - 3)],
  ['numbers without an end', Buffer.alloc(100, 0xff)],
])('of %s no graph is read', (_what, bytes) => {
  expect(readGraph(stored(bytes))).toBeUndefined();
});

test('a file that is not there has no graph, and an empty one declares nothing', () => {
  expect(readGraph(join(folder, 'nothing.onnx'))).toBeUndefined();
  expect(readGraph(stored(new Uint8Array()))).toEqual({ irVersion: 0, inputs: [], outputs: [] });
});

test('an initializer is taken out, and nothing else', () => {
  const model = plusOne(['n']);
  const without = withoutInitializers(model, new Set(['one']));
  expect(graphOf(bytesSource(without))).toEqual(graphOf(bytesSource(model)));
  expect(without.length).toBeLessThan(model.length);
  expect(Buffer.from(without).includes('Add')).toBe(true);
  expect(Buffer.from(withoutInitializers(model, new Set(['two'])))).toEqual(Buffer.from(model));
});

test('whole numbers of 64 bits are read with their sign', () => {
  expect(int64s(Uint8Array.of(0x01, 0x96, 0x01, ...new Array(9).fill(0xff), 0x01))).toEqual([1n, 150n, -1n]);
});

test.each([
  [
    { type: 'BF16' as const, shape: [1] },
    'input "x" has elements of BF16, which onnxruntime-node cannot carry: cast them to another type inside the graph',
  ],
  [
    { type: 'FP32' as const, kind: 'sequence' as const },
    'input "x" is a sequence, which onnxruntime-node cannot carry: let the graph take and give tensors',
  ],
  [
    { type: 'FP32' as const, kind: 'optional' as const },
    'input "x" is an optional value, which onnxruntime-node cannot carry: let the graph take and give a tensor that is always there',
  ],
  [{ type: 'FP16' as const, shape: [1] }, undefined],
])('an input that the binding cannot carry is named with its type', (value, fault) => {
  const model = buildModel({ inputs: { x: value }, outputs: {}, nodes: [] });
  expect(signatureFault(graphOf(bytesSource(model)))).toBe(fault);
});
