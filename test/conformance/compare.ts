/** Whether outputs are those of ONNX Runtime for Python. */

import type { Datatype, Tensor } from '@inferq/client/tensor/tensor.ts';

/** Relative differences that rounding explains: the builds for Python and for Node.js need not use the same instructions. */
const rounding: Partial<Record<Datatype, number>> = { FP16: 2e-3, FP32: 1e-5, FP64: 1e-7 };

/** What differs in the first output that does; undefined if none does. */
export function outputDifference(got: readonly [string, Tensor][], wanted: readonly [string, Tensor][]): string | undefined {
  const names = got.map(([name]) => name).join();
  if (names !== wanted.map(([name]) => name).join()) return `the outputs are ${names}`;
  for (const [index, [name, right]] of wanted.entries()) {
    const tensor = got[index]?.[1];
    if (tensor?.datatype !== right.datatype || tensor.shape.join() !== right.shape.join()) {
      return `${name} is ${tensor?.datatype} [${tensor?.shape}], not ${right.datatype} [${right.shape}]`;
    }
    const place = firstDifference(tensor, right);
    if (place !== undefined) return `${name} is ${tensor.data[place]}, not ${right.data[place]}, at ${place} of ${right.data.length}`;
  }
  return undefined;
}

/** Below this, rounding is absolute. */
const nearZero = 0.01;

function firstDifference({ data, datatype }: Tensor, right: Tensor): number | undefined {
  if (data.length !== right.data.length) return Math.min(data.length, right.data.length);
  const place = Array.from(right.data as ArrayLike<unknown>).findIndex((value, index) => !same(data[index], value, rounding[datatype]));
  return place < 0 ? undefined : place;
}

function same(got: unknown, wanted: unknown, relative = 0): boolean {
  if (typeof wanted === 'number' && typeof got === 'number') {
    return Object.is(got, wanted) || Math.abs(got - wanted) <= relative * (Math.abs(wanted) + nearZero);
  }
  if (wanted instanceof Uint8Array && got instanceof Uint8Array) return Buffer.from(wanted).equals(got);
  return got === wanted;
}
