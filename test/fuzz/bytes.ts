/** Damage to encoded messages, and fields that no encoder of ours would write. */

import { BinaryWriter } from '@bufbuild/protobuf/wire';
import { Timestamp } from '@inferq/proto/gen/google/protobuf/timestamp.ts';
import fc, { type Arbitrary } from 'fast-check';
import { oddInt32, oddInt64 } from './values.ts';

/** What is done to a message. Places are shares of its length, so that they fit any. */
type Damage =
  | { kind: 'flip'; at: number; bit: number }
  | { kind: 'cut'; at: number }
  | { kind: 'repeat'; at: number; length: number }
  | { kind: 'insert'; at: number; bytes: Uint8Array }
  | { kind: 'append'; bytes: Uint8Array };

const at = fc.double({ min: 0, max: 1, noNaN: true });

function entry(field: number, key: string, value: (writer: BinaryWriter) => void): Uint8Array {
  const writer = new BinaryWriter().uint32((field << 3) | 2).fork();
  writer.uint32(10).string(key);
  value(writer.uint32(18));
  return writer.join().finish();
}

const timestamps: Arbitrary<Uint8Array> = fc
  .record({ field: fc.constantFrom(9, 11), seconds: oddInt64, nanos: oddInt32 })
  .map(({ field, seconds, nanos }) => {
    // ts-proto's own Timestamp is a message of these two; only fields of this type become Dates.
    const value = Timestamp.encode({ seconds, nanos }).finish();
    return new BinaryWriter()
      .uint32((field << 3) | 2)
      .bytes(value)
      .finish();
  });

/** Fields of a SubmitRequest. */
const fields = fc.oneof(
  timestamps,
  fc.constant(entry(17, '__proto__', (writer) => writer.string('lost'))),
  fc.constant(entry(4, '__proto__', (writer) => writer.bytes(new Uint8Array([8, 1])))),
  fc.constant(entry(4, 'seed', (writer) => writer.bytes(new Uint8Array()))),
  fc.uint8Array({ maxLength: 20 }).map((value) => new BinaryWriter().uint32(10).bytes(value).finish()),
);

const damage: Arbitrary<Damage> = fc.oneof(
  fc.record({ kind: fc.constant('flip' as const), at, bit: fc.nat({ max: 7 }) }),
  fc.record({ kind: fc.constant('cut' as const), at }),
  fc.record({ kind: fc.constant('repeat' as const), at, length: fc.integer({ min: 1, max: 40 }) }),
  fc.record({ kind: fc.constant('insert' as const), at, bytes: fc.uint8Array({ minLength: 1, maxLength: 12 }) }),
  fc.record({ kind: fc.constant('append' as const), bytes: fields }),
);

function apply(bytes: Uint8Array, done: Damage): Uint8Array {
  const place = 'at' in done ? Math.min(bytes.length, Math.floor(done.at * bytes.length)) : bytes.length;
  const head = bytes.subarray(0, place);
  const tail = bytes.subarray(place);
  switch (done.kind) {
    case 'flip':
      return bytes.map((byte, index) => (index === place ? byte ^ (1 << done.bit) : byte));
    case 'cut':
      return head;
    case 'repeat':
      return Buffer.concat([head, tail.subarray(0, done.length), tail]);
    case 'insert':
    case 'append':
      return Buffer.concat([head, done.bytes, tail]);
  }
}

/** The message with one to three things done to it. */
export function damaged(message: Arbitrary<Uint8Array>): Arbitrary<Uint8Array> {
  return fc.tuple(message, fc.array(damage, { minLength: 1, maxLength: 3 })).map(([bytes, all]) => all.reduce(apply, bytes));
}
