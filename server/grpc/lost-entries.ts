/**
 * Map entries named `__proto__`. The generated decoder collects a map in a plain object, where setting this one name changes the
 * prototype, or does nothing where the value is a string: such metadata would be lost without a word.
 */

import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import { SubmitManyRequest, SubmitRequest, SubmitRequest_MetadataEntry } from '@inferq/proto/gen/inferq/v1/broker.ts';
import type { MessageType } from './codec.ts';

const lostName = '__proto__';
/** Field numbers. */
const metadata = 17;
const items = 1;
const submit = 3;

function* fieldsOf(message: Uint8Array, field: number): Generator<Uint8Array> {
  const reader = new BinaryReader(message);
  while (reader.pos < reader.len) {
    const [number, type] = reader.tag();
    if (number === field && type === WireType.LengthDelimited) yield reader.bytes();
    else reader.skip(type, number);
  }
}

/** Marks metadata that has lost an entry as the decoder itself marks parameters: by another prototype. */
function mark(decoded: SubmitRequest['metadata'], request: Uint8Array): void {
  for (const entry of fieldsOf(request, metadata)) {
    if (SubmitRequest_MetadataEntry.decode(entry).key === lostName) Object.setPrototypeOf(decoded, null);
  }
}

function marking<T>(type: MessageType<T>, found: (message: T, bytes: Uint8Array) => void): MessageType<T> {
  return {
    encode: type.encode,
    decode: (bytes) => {
      const message = type.decode(bytes);
      // Nearly no message has these letters: only those that do are read twice.
      if (Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).includes(lostName)) found(message, bytes);
      return message;
    },
  };
}

/** Whether the decoded map lacks an entry that was sent, for its name. */
export function hasLostEntry(map: object): boolean {
  return Object.getPrototypeOf(map) !== Object.prototype;
}

/** SubmitRequest, where `hasLostEntry` tells whether its metadata is whole. */
export const markedSubmit: MessageType<SubmitRequest> = marking(SubmitRequest, (request, bytes) => mark(request.metadata, bytes));

/** SubmitManyRequest, the same of each item. */
export const markedSubmitMany: MessageType<SubmitManyRequest> = marking(SubmitManyRequest, (request, bytes) => {
  [...fieldsOf(bytes, items)].forEach((item, index) => {
    const action = request.items[index]?.action;
    const sent = [...fieldsOf(item, submit)].at(-1);
    if (action?.$case === 'submit' && sent !== undefined) mark(action.value.metadata, sent);
  });
});
