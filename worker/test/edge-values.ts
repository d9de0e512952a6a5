/** For each datatype that ONNX Runtime takes, the values at which conversions go wrong. */

import type { Datatype, ModelTensorData } from '@inferq/core/tensor/tensor.ts';

const encode = (text: string) => new TextEncoder().encode(text);

export const edgeValues: Record<Exclude<Datatype, 'BF16'>, ModelTensorData> = {
  BOOL: Uint8Array.of(0, 1, 1),
  UINT8: Uint8Array.of(0, 1, 255),
  UINT16: Uint16Array.of(0, 1, 65_535),
  UINT32: Uint32Array.of(0, 1, 2 ** 32 - 1),
  UINT64: BigUint64Array.of(0n, 2n ** 53n + 1n, 2n ** 64n - 1n),
  INT8: Int8Array.of(-128, -1, 0, 127),
  INT16: Int16Array.of(-32_768, -1, 0, 32_767),
  INT32: Int32Array.of(-(2 ** 31), -1, 0, 2 ** 31 - 1),
  INT64: BigInt64Array.of(-(2n ** 63n), -(2n ** 53n) - 1n, 0n, 2n ** 63n - 1n),
  // A quiet NaN, both infinities, both zeros, the smallest and the largest subnormal, the largest number, 1/3.
  FP16: Uint16Array.of(0x7e00, 0x7c00, 0xfc00, 0x0000, 0x8000, 0x0001, 0x83ff, 0x7bff, 0x3555),
  FP32: Float32Array.of(Number.NaN, Infinity, -Infinity, 0, -0, 2 ** -149, -(2 ** -127), 3.4028234663852886e38, 1 / 3),
  FP64: Float64Array.of(Number.NaN, Infinity, -Infinity, 0, -0, 5e-324, -1.1e-308, Number.MAX_VALUE, 1 / 3),
  BYTES: ['', 'a', 'Grüße', '\u{1f600}', '\ufeffmarked', '\ufffd', 'two\nlines'].map(encode),
};
