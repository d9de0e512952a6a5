import { rmSync } from 'node:fs';
import { holders } from '@inferq/client/tensor/tensor.ts';
import { expect, onTestFinished, test } from 'vitest';
import { differences } from '../conformance/answers.ts';
import { makeSuite, notRefused, runnable, type Suite } from '../conformance/suite.ts';
import { python } from './tools.ts';

/** Of all inputs and outputs. */
function datatypes(suite: Suite): Set<string> {
  return new Set(runnable(suite).flatMap(({ inputs, outputs }) => [...inputs, ...outputs].map(({ datatype }) => datatype)));
}

test('every fourth case of the ONNX backend suite gets the answer of ONNX Runtime, or is refused with a sentence', async () => {
  const suite = await makeSuite(python(), 4);
  onTestFinished(() => rmSync(suite.folder, { recursive: true }));
  expect(runnable(suite).length).toBeGreaterThan(350);
  expect(datatypes(suite)).toEqual(new Set(Object.keys(holders).filter((datatype) => datatype !== 'BF16')).add('BYTES'));
  expect(await differences(suite)).toEqual([]);
  expect(notRefused(suite)).toEqual([]);
}, 300_000);
