import { expect, test } from 'vitest';
import { decodeTensors } from '../tensor/decode.ts';

test('tensors by name come in the order of the message, whatever their names', () => {
  const tensors = ['b', '10', '2', 'a'].map((name) => ({
    name,
    datatype: 'UINT8',
    shape: [1n],
    data: { $case: 'raw' as const, value: Uint8Array.of(name.length) },
  }));
  const decoded = decodeTensors(tensors);
  expect(Object.keys(decoded)).toEqual(['b', '10', '2', 'a']);
  expect(decoded['10']?.data).toEqual(Uint8Array.of(2));
});
