/** From messages to bytes. Replies are encoded before they are handed to grpc-js, so that their size is known and a fault is ours to report. */

import { BinaryWriter } from '@bufbuild/protobuf/wire';

/** What is needed of a generated message. */
export interface MessageType<T> {
  encode(message: T, writer?: BinaryWriter): BinaryWriter;
  decode(input: Uint8Array): T;
}

/** A writer keeps a buffer as large as its largest message: one that met a larger message than this is not kept. */
const keptBytes = 4 * 1_024 * 1_024;

/** Undefined while it is in use, and after an encoding that failed half-way. */
let writer: BinaryWriter | undefined;

/** A message's bytes, in memory of their own. Throws where a value does not fit its field. */
export function encodeMessage<T>(type: MessageType<T>, message: T): Buffer {
  const own = writer ?? new BinaryWriter();
  writer = undefined;
  const bytes = type.encode(message, own).finish();
  if (bytes.byteLength <= keptBytes) writer = own;
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
