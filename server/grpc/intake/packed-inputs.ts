/** Requests that submit tasks, decoded but for the typed lists of their tensors: as arrays these would take many times their bytes. */

import { BinaryReader } from '@bufbuild/protobuf/wire';
import type { Tensor } from '@inferq/core/tensor/tensor.ts';
import type { SubmitManyRequest_Item } from '@inferq/proto/gen/inferq/v1/broker.ts';
import { SubmitManyRequest, SubmitRequest } from '@inferq/proto/gen/inferq/v1/broker.ts';
import { letGo, shareHold } from './hold.ts';
import type { RequestType } from './request-decoder.ts';
import type { Noted, Span } from './scan.ts';

export type PackedSubmit = Omit<SubmitRequest, 'inputs'> & {
  inputs: Tensor[];
  /** The bytes that it was decoded from. */
  bytes: Uint8Array;
};
type OtherAction = Exclude<SubmitManyRequest_Item['action'], { $case: 'submit' }>;
export type PackedItem = Omit<SubmitManyRequest_Item, 'action'> & { action: OtherAction | { $case: 'submit'; value: PackedSubmit } };
export interface PackedSubmitMany {
  items: PackedItem[];
}

/** Decodes SubmitRequests. */
export const packedSubmit: RequestType<PackedSubmit> = {
  decodeNoted: (bytes, { contents }) => packed(SubmitRequest.decode(readerOver(bytes, contents)), bytes, contentsOf(bytes, contents)),
};

/** Decodes SubmitManyRequests. */
export const packedSubmitMany: RequestType<PackedSubmitMany> = { decodeNoted: decodeSubmitMany };

function decodeSubmitMany(bytes: Uint8Array, { contents, submit }: Noted): PackedSubmitMany {
  const { items } = SubmitManyRequest.decode(readerOver(bytes, contents));
  const lists = contentsOf(bytes, contents);
  const submits = submit.values();
  shareHold(bytes, submit.length);
  return {
    items: items.map((item) => {
      const { action } = item;
      if (action?.$case !== 'submit') return { ...item, action };
      const { start = 0, end = 0 } = submits.next().value ?? {};
      return { ...item, action: { $case: 'submit', value: packed(action.value, bytes.subarray(start, end), lists) } };
    }),
  };
}

const nothing = new Uint8Array(0);

/** Lets go of what the request brought. */
export function release(request: PackedSubmit): void {
  letGo(request.bytes);
  request.bytes = nothing;
  request.inputs.length = 0;
}

/** The request with the next ones of `lists` as its typed lists. */
function packed(request: SubmitRequest, bytes: Uint8Array, lists: Iterator<Uint8Array>): PackedSubmit {
  const inputs = request.inputs.map((input): Tensor => {
    const { data } = input;
    return { ...input, data: data?.$case === 'contents' ? { $case: 'contents', value: lists.next().value } : data };
  });
  return { ...request, inputs, bytes };
}

function* contentsOf(bytes: Uint8Array, spans: readonly Span[]): Generator<Uint8Array> {
  for (const { start, end } of spans) yield bytes.subarray(start, end);
}

/** A reader to which the messages in these places are empty. */
function readerOver(bytes: Uint8Array, spans: readonly Span[]): BinaryReader {
  const reader = new BinaryReader(bytes);
  let next = 0;
  const { uint32 } = reader;
  if (spans.length > 0) {
    // Lengths are read by it, as tags are.
    reader.uint32 = () => {
      const value = uint32.call(reader);
      const span = spans[next];
      if (reader.pos !== span?.start) return value;
      reader.pos = span.end;
      next += 1;
      return 0;
    };
  }
  return reader;
}
