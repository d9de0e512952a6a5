/** Protobuf's wire format, walked field by field: what nobody asks for is skipped, not decoded. */

export interface Field {
  number: number;
  /** Of a varint; of other kinds 0. Whole numbers beyond 2^53 lose digits. */
  value: number;
  /** Where the field begins, with its tag. */
  from: number;
  /** Where its content begins and ends: the bytes of a text or message, or of a number. */
  start: number;
  end: number;
}

/** Bytes that can be read piece by piece: a file, or a buffer. */
export interface Source {
  readonly length: number;
  /** The bytes from `start` to before `end`, in memory that later reads leave alone. */
  slice(start: number, end: number): Uint8Array;
  /** One byte. */
  at(index: number): number;
}

/** A source over bytes in memory. */
export function bytesSource(bytes: Uint8Array): Source {
  return { length: bytes.length, slice: (start, end) => bytes.subarray(start, end), at: (index) => bytes[index] as number };
}

/** The fields of the message from `start` to before `end`. Throws where the bytes are no message. */
export function* fields(source: Source, start = 0, end = source.length): Generator<Field> {
  for (let index = start; index < end; ) {
    const tag = varint(source, index, end);
    const [number, kind] = [Math.floor(tag.value / 8), tag.value % 8];
    const field = content(source, kind, tag.end, end);
    yield { number, from: index, ...field };
    index = field.end;
  }
}

/** The last field of this number in a message: the one that counts, where there should be only one. */
export function only(source: Source, { start, end }: { start: number; end: number }, number: number): Field | undefined {
  return [...fields(source, start, end)].findLast((field) => field.number === number);
}

/** The whole numbers of 64 bits whose digits these bytes are, one after another. */
export function int64s(bytes: Uint8Array): bigint[] {
  const numbers: bigint[] = [];
  let value = 0n;
  let shift = 0n;
  for (const byte of bytes) {
    value |= BigInt(byte & 0x7f) << shift;
    shift += 7n;
    if (byte >= 0x80) continue;
    numbers.push(BigInt.asIntN(64, value));
    [value, shift] = [0n, 0n];
  }
  return numbers;
}

function content(source: Source, kind: number, at: number, limit: number): { value: number; start: number; end: number } {
  if (kind === 0) {
    const { value, end } = varint(source, at, limit);
    return { value, start: at, end };
  }
  const length = kind === 2 ? varint(source, at, limit) : { value: kind === 1 ? 8 : kind === 5 ? 4 : Number.NaN, end: at };
  const end = length.end + length.value;
  if (!(end <= limit)) throw new Error(`the field at byte ${at} does not end within its message`);
  return { value: 0, start: length.end, end };
}

function varint(source: Source, at: number, limit: number): { value: number; end: number } {
  let value = 0;
  let weight = 1;
  for (let index = at; index < limit && index < at + 10; index++) {
    const byte = source.at(index);
    value += (byte & 0x7f) * weight;
    if (byte < 0x80) return { value, end: index + 1 };
    weight *= 128;
  }
  throw new Error(`there is no number at byte ${at}`);
}

/** A field whose content is `bytes`. */
export function encodeBytes(number: number, bytes: Uint8Array): Uint8Array {
  return Buffer.concat([encodeVarint(number * 8 + 2), encodeVarint(bytes.length), bytes]);
}

/** A field whose content is a whole number, not negative. */
export function encodeNumber(number: number, value: number): Uint8Array {
  return Buffer.concat([encodeVarint(number * 8), encodeVarint(value)]);
}

function encodeVarint(value: number): Uint8Array {
  const digits: number[] = [];
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) digits.push((rest % 128) | 128);
  return Uint8Array.from([...digits, rest]);
}
