/** Encoding without the copy that generated services make: one writer is reused, and its result is taken as it is. */

import { BinaryWriter } from '@bufbuild/protobuf/wire';
import type { MessageFns } from '../proto/gen/inferq/v1/broker.ts';

/** A method of a generated service definition. */
export interface Method<Request, Response> {
  name: string;
  requestType: Pick<MessageFns<Request>, 'encode'>;
  responseType: Pick<MessageFns<Response>, 'decode'>;
}

const writer = new BinaryWriter();

/** The bytes of a message. Throws where a value does not fit its field. */
export function encode<T>(type: Pick<MessageFns<T>, 'encode'>, message: T): Buffer {
  try {
    return asBuffer(type.encode(message, writer).finish());
  } catch (error) {
    writer.finish();
    throw error;
  }
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
