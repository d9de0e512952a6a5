/** What a scan needs to know of a message's fields, from what its .proto file says. */

import type { Descriptors, FieldDescriptor } from './descriptors.ts';
import { fieldType } from './descriptors.ts';
import { contentsField, mostElements, mostTextBytes, submitField } from './field-limits.ts';

export interface FieldRule {
  name: string;
  /** Which of the message's counters counts its elements; undefined where it is not repeated. */
  counter: number | undefined;
  mostElements: number;
  /** A bit for the oneof that it belongs to; 0 for none. */
  oneof: number;
  kind: 'number' | 'text' | 'bytes' | 'message';
  /** Where its messages stand is wanted. */
  noted: NotedField | undefined;
  mostTextBytes: number;
  /** How a packed list of its numbers is laid out: bytes of each, 0 for varints. */
  width: 0 | 4 | 8;
  /** Of a message. */
  table: FieldTable | undefined;
}

export type NotedField = 'contents' | 'submit';

/** A message's fields by their numbers. */
export type FieldTable = (FieldRule | undefined)[];

const widths = new Map<number, 4 | 8>([
  [fieldType.double, 8],
  [fieldType.fixed64, 8],
  [fieldType.sfixed64, 8],
  [fieldType.float, 4],
  [fieldType.fixed32, 4],
  [fieldType.sfixed32, 4],
]);

/** The tables of all messages, by full name. */
export function fieldTables({ messages }: Descriptors): ReadonlyMap<string, FieldTable> {
  // Made before they are filled: a message may hold itself.
  const tables = new Map<string, FieldTable>([...messages.keys()].map((name) => [name, []]));
  for (const [name, fields] of messages) {
    let counters = 0;
    const table = tables.get(name) as FieldTable;
    for (const field of fields) {
      const path = `${name}.${field.name}`;
      table[field.number] = {
        name: field.name,
        counter: field.repeated ? counters++ : undefined,
        mostElements: mostElements(path),
        oneof: field.oneof === undefined ? 0 : 1 << field.oneof,
        // Opaque here: contents are read by their own rules.
        kind: path === contentsField ? 'bytes' : kindOf(field),
        noted: path === contentsField ? 'contents' : path === submitField ? 'submit' : undefined,
        mostTextBytes: mostTextBytes(path),
        width: widths.get(field.type) ?? 0,
        table: tables.get(field.typeName),
      };
    }
  }
  return tables;
}

function kindOf({ type }: FieldDescriptor): FieldRule['kind'] {
  switch (type) {
    case fieldType.string:
      return 'text';
    case fieldType.bytes:
      return 'bytes';
    case fieldType.message:
      return 'message';
    default:
      return 'number';
  }
}
