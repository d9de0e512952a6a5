/** Tensors to the wire: always `raw`, little-endian and row-major. */

import type { Tensor as WireTensor } from '../../proto/gen/inferq/v1/tensor.ts';
import { toBfloat16, toFloat16 } from './half.ts';
import type { Tensor, TensorData, TypedArray } from './tensor.ts';

/** The message of a named tensor. Fixed-size elements are not copied. */
export function encodeTensor(name: string, { datatype, shape, data }: Tensor): WireTensor {
  return { name, datatype, shape: shape.map(BigInt), data: { $case: 'raw', value: rawOf(datatype, data) } };
}

function rawOf(datatype: string, data: TensorData): Uint8Array {
  if (Array.isArray(data)) return joined(data);
  if (datatype === 'FP16') return bytesOf(Uint16Array.from(data as Float32Array, toFloat16));
  if (datatype === 'BF16') return bytesOf(Uint16Array.from(data as Float32Array, toBfloat16));
  return bytesOf(data);
}

function bytesOf(array: TypedArray): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}

/** Each element after its length, 4 bytes. */
function joined(elements: readonly (string | Uint8Array)[]): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const element of elements) {
    const bytes = typeof element === 'string' ? Buffer.from(element) : element;
    const length = Buffer.allocUnsafe(4);
    length.writeUInt32LE(bytes.byteLength);
    parts.push(length, bytes);
  }
  return Buffer.concat(parts);
}
