/** What the .proto files say of messages and methods, from the descriptor set that is generated beside the code. */

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';

/** Numbers of FieldDescriptorProto.Type. */
export const fieldType = {
  double: 1,
  float: 2,
  fixed64: 6,
  fixed32: 7,
  string: 9,
  message: 11,
  bytes: 12,
  sfixed32: 15,
  sfixed64: 16,
} as const;
const repeatedLabel = 3;

export interface FieldDescriptor {
  name: string;
  number: number;
  repeated: boolean;
  /** One of `fieldType`, or another number: all of those travel as varints. */
  type: number;
  /** A message's or an enum's full name; '' for other types. */
  typeName: string;
  /** The oneof that it belongs to, by its place in the message. */
  oneof: number | undefined;
}

export interface Descriptors {
  /** Each file's own descriptor, by its name. */
  files: ReadonlyMap<string, Uint8Array>;
  /** Fields by the full name of their message. */
  messages: ReadonlyMap<string, readonly FieldDescriptor[]>;
  /** The full name of a method's request, by the method's path: `/inferq.v1.Broker/Submit`. */
  requests: ReadonlyMap<string, string>;
}

/** The set that `npm run generate` writes. */
export function readDescriptors(): Descriptors {
  const set = readFileSync(fileURLToPath(import.meta.resolve('@inferq/proto/gen/descriptors.binpb')));
  const files = new Map<string, Uint8Array>();
  const messages = new Map<string, readonly FieldDescriptor[]>();
  const requests = new Map<string, string>();
  for (const file of bytesOf(set, 1)) {
    files.set(textOf(file, 1), file);
    const scope = textOf(file, 2);
    for (const message of bytesOf(file, 4)) addMessage(messages, scope, message);
    for (const service of bytesOf(file, 6)) {
      const path = `/${scope}.${textOf(service, 1)}/`;
      for (const method of bytesOf(service, 2)) requests.set(path + textOf(method, 1), textOf(method, 2).slice(1));
    }
  }
  return { files, messages, requests };
}

function addMessage(messages: Map<string, readonly FieldDescriptor[]>, scope: string, message: Uint8Array): void {
  const name = `${scope}.${textOf(message, 1)}`;
  messages.set(name, bytesOf(message, 2).map(fieldOf));
  for (const nested of bytesOf(message, 3)) addMessage(messages, name, nested);
}

function fieldOf(field: Uint8Array): FieldDescriptor {
  return {
    name: textOf(field, 1),
    number: numberOf(field, 3) ?? 0,
    repeated: numberOf(field, 4) === repeatedLabel,
    type: numberOf(field, 5) ?? 0,
    typeName: textOf(field, 6).slice(1),
    oneof: numberOf(field, 9),
  };
}

function bytesOf(message: Uint8Array, field: number): Uint8Array[] {
  return fieldsOf(message, field).filter((value) => typeof value !== 'number');
}

function textOf(message: Uint8Array, field: number): string {
  return new TextDecoder().decode(bytesOf(message, field)[0]);
}

function numberOf(message: Uint8Array, field: number): number | undefined {
  return fieldsOf(message, field).find((value) => typeof value === 'number');
}

/** The values of one field: those of descriptors are varints, or have a length. */
function fieldsOf(message: Uint8Array, field: number): (number | Uint8Array)[] {
  const reader = new BinaryReader(message);
  const values: (number | Uint8Array)[] = [];
  while (reader.pos < reader.len) {
    const [number, type] = reader.tag();
    if (number !== field) reader.skip(type, number);
    else values.push(type === WireType.Varint ? reader.uint32() : reader.bytes());
  }
  return values;
}
