/** 16-bit floats: bit patterns on the wire, numbers here. Rounding is to the nearest, ties to even. */

const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);

/** The BF16 bit pattern of a number. */
export function toBfloat16(value: number): number {
  float[0] = value;
  const word = bits[0] as number;
  if (Number.isNaN(value)) return 0x7fc0;
  return ((word + 0x7fff + ((word >>> 16) & 1)) >>> 16) & 0xffff;
}

/** The number of a BF16 bit pattern. */
export function fromBfloat16(pattern: number): number {
  bits[0] = pattern << 16;
  return float[0] as number;
}

/** The FP16 bit pattern of a number. */
export function toFloat16(value: number): number {
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const size = Math.abs(value);
  if (Number.isNaN(value)) return 0x7e00;
  if (size >= 65_520) return sign | 0x7c00;
  // Below 2^-14 numbers are multiples of 2^-24; above, each power of two is cut into 1,024 steps.
  if (size < 2 ** -14) return sign | roundToEven(size * 2 ** 24);
  float[0] = size;
  let exponent = ((bits[0] as number) >>> 23) - 127;
  if (2 ** exponent > size) exponent--;
  return sign | (((exponent + 15) << 10) + (roundToEven(size * 2 ** (10 - exponent)) - 1_024));
}

/** The number of an FP16 bit pattern. */
export function fromFloat16(pattern: number): number {
  const sign = pattern & 0x8000 ? -1 : 1;
  const exponent = (pattern >>> 10) & 0x1f;
  const fraction = pattern & 0x3ff;
  if (exponent === 0x1f) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1_024 + fraction) * 2 ** (exponent - 25);
}

function roundToEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
}
