/**
 * Between bytes and messages. Replies are encoded before they are handed to grpc-js, so that their size is known and a fault is
 * ours to report; a request that cannot be decoded becomes a value that the call refuses.
 */

import { BinaryWriter } from '@bufbuild/protobuf/wire';

/** What is needed of a generated message. */
export interface MessageType<T> {
  encode(message: T, writer?: BinaryWriter): BinaryWriter;
  decode(input: Uint8Array): T;
}

/** Bytes that are no message of the expected type. */
export class Malformed {
  readonly cause: string;

  /** `cause` is the decoder's word for what is wrong. */
  constructor(cause: string) {
    this.cause = cause;
  }
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

/** The message in these bytes (its `bytes` fields are views of them), or why there is none. */
export function decodeMessage<T>(type: MessageType<T>, bytes: Uint8Array): T | Malformed {
  try {
    return type.decode(bytes);
  } catch (error) {
    return new Malformed(error instanceof Error ? error.message : String(error));
  }
}
