/** From a request's bytes to its message, or the refusal of what is too much or not a message of the method. */

import type { Refusal } from '@inferq/core/refusal.ts';
import { malformedRequest } from '../refusals.ts';
import { readDescriptors } from './descriptors.ts';
import { fieldTables } from './field-table.ts';
import { letGo } from './hold.ts';
import { type Noted, scan } from './scan.ts';

/** In place of a request that cannot be read. */
export class Unreadable {
  readonly refusal: Refusal;

  constructor(refusal: Refusal) {
    this.refusal = refusal;
  }
}

/** A generated message type, or a decoder that needs what the scan noted, and whose requests let go of their bytes by themselves. */
export type RequestType<Request> = { decode(bytes: Uint8Array): Request } | { decodeNoted(bytes: Uint8Array, noted: Noted): Request };

/** What the .proto files say. */
export const descriptors = readDescriptors();
const tables = fieldTables(descriptors);

/** The decoder of a method's requests, by the method's path. */
export function requestDecoder<Request>(path: string, type: RequestType<Request>): (bytes: Uint8Array) => Request | Unreadable {
  const table = tables.get(descriptors.requests.get(path) ?? '');
  if (table === undefined) throw new Error(`no .proto file has the method ${path}: generate the descriptors again`);
  return (bytes) => {
    const outcome = scan(table, bytes);
    if (outcome.kind === 'refused') return new Unreadable(outcome.refusal);
    if (outcome.kind === 'malformed') return new Unreadable(malformedRequest(outcome.why));
    try {
      if ('decodeNoted' in type) return type.decodeNoted(bytes, outcome.noted);
      const request = type.decode(bytes);
      letGo(bytes);
      return request;
    } catch (error) {
      return new Unreadable(malformedRequest(error instanceof Error ? error.message : String(error)));
    }
  };
}
