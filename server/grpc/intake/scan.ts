/**
 * Counts what a request holds before it is decoded: the generated decoder can allocate up to a hundred times the size of the message
 * before its result could be checked. The limits bound the time of a scan; the size of the message does not.
 */

import { limits } from '@inferq/core/limits.ts';
import type { Refusal } from '@inferq/core/refusal.ts';
import { refused } from '@inferq/core/refusal.ts';
import type { FieldRule, FieldTable, NotedField } from './field-table.ts';

const { request: most } = limits;
const longestVarint = 10;

/** A range of the bytes. */
export interface Span {
  start: number;
  end: number;
}

export type ScanOutcome =
  /** `noted`: where the values of noted fields are, in order. */
  | { kind: 'fits'; noted: Noted }
  | { kind: 'refused'; refusal: Refusal }
  /** The bytes are not a message. */
  | { kind: 'malformed'; why: string };

export type Noted = Readonly<Record<NotedField, readonly Span[]>>;

/** A message whose fields are being read. */
interface Frame {
  table: FieldTable;
  end: number;
  /** The field that led to it. */
  step: string;
  /** Its position in a repeated field, otherwise -1. */
  index: number;
  counts: number[];
  /** Occurrences of fields that are not repeated. */
  singles: number;
  /** The oneofs that have a value. */
  oneofs: number;
}

/** Scans a message against the table of its type. */
export function scan(table: FieldTable, bytes: Uint8Array): ScanOutcome {
  return new Scan(bytes).run(table);
}

class Scan {
  readonly #bytes: Uint8Array;
  readonly #frames: Frame[] = [];
  readonly #noted: Record<NotedField, Span[]> = { contents: [], submit: [] };
  #at = 0;
  #fields = 0;
  #textBytes = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  run(table: FieldTable): ScanOutcome {
    this.#frames.push(frameOf(table, this.#bytes.length, '', 0));
    for (let frame = this.#frames.at(-1); frame !== undefined; frame = this.#frames.at(-1)) {
      if (this.#at === frame.end) {
        this.#frames.pop();
        continue;
      }
      const problem = this.#field(frame);
      if (problem !== undefined) return problem;
    }
    return { kind: 'fits', noted: this.#noted };
  }

  /** Skips one field, or enters its message; undefined if nothing is wrong with it. */
  #field(frame: Frame): ScanOutcome | undefined {
    const tag = this.#varint(frame.end);
    if (tag === undefined) return malformed('a field whose tag does not end');
    if (tag >>> 3 === 0) return malformed('a field number of 0');
    const rule = frame.table[tag >>> 3];
    if (++this.#fields > most.fields) return this.#tooMany('', `has more than ${most.fields} fields`);
    if (rule?.counter === undefined && ++frame.singles > most.unknownFields) {
      return this.#tooMany('', `has more than ${most.unknownFields} fields that this server does not know, or that may be given once`);
    }
    if (rule !== undefined && rule.oneof !== 0) {
      if ((frame.oneofs & rule.oneof) !== 0)
        return this.#refuse('INVALID_REQUEST', rule.name, 'is a second value, but only one is allowed: send one');
      frame.oneofs |= rule.oneof;
    }
    switch (tag & 7) {
      case 0:
        if (this.#varint(frame.end) === undefined) return malformed('a number that does not end');
        return this.#count(frame, rule, 1);
      case 1:
        return this.#skip(frame, 8) ?? this.#count(frame, rule, 1);
      case 2:
        return this.#lengthDelimited(frame, rule);
      case 5:
        return this.#skip(frame, 4) ?? this.#count(frame, rule, 1);
      default:
        return malformed(`wire type ${tag & 7}, which this protocol does not use`);
    }
  }

  #lengthDelimited(frame: Frame, rule: FieldRule | undefined): ScanOutcome | undefined {
    const length = this.#varint(frame.end);
    if (length === undefined || length > frame.end - this.#at) return malformed('a length beyond the end of its message');
    const start = this.#at;
    const end = start + length;
    if (rule?.noted !== undefined) this.#noted[rule.noted].push({ start, end });
    switch (rule?.kind) {
      case 'message':
        return this.#count(frame, rule, 1) ?? this.#enter(frame, rule, end);
      case 'text':
        this.#at = end;
        return this.#count(frame, rule, 1) ?? this.#text(rule, length);
      case 'number':
        // A packed list.
        return this.#packed(frame, rule, end);
      default:
        this.#at = end;
        return this.#count(frame, rule, 1);
    }
  }

  #enter(frame: Frame, rule: FieldRule, end: number): ScanOutcome | undefined {
    if (this.#frames.length >= most.nestedMessages)
      return this.#tooMany(rule.name, `is nested more than ${most.nestedMessages} messages deep`);
    const index = rule.counter === undefined ? -1 : (frame.counts[rule.counter] ?? 0) - 1;
    this.#frames.push(frameOf(rule.table ?? [], end, rule.name, index));
    return undefined;
  }

  #text(rule: FieldRule, length: number): ScanOutcome | undefined {
    if (length > rule.mostTextBytes)
      return this.#refuse('INVALID_REQUEST', rule.name, `has ${length} bytes; use at most ${rule.mostTextBytes}`);
    this.#textBytes += length;
    if (this.#textBytes <= most.allTextBytes) return undefined;
    return this.#tooMany(rule.name, `takes the texts of the request over ${most.allTextBytes} bytes in total`);
  }

  #packed(frame: Frame, rule: FieldRule, end: number): ScanOutcome | undefined {
    const length = end - this.#at;
    if (rule.width !== 0) {
      this.#at = end;
      return this.#count(frame, rule, Math.ceil(length / rule.width));
    }
    // A list of this length has too many elements even if each is as long as a varint can be.
    let elements = length > (rule.mostElements + 1) * longestVarint ? rule.mostElements + 1 : 0;
    if (elements === 0) for (let at = this.#at; at < end; at++) if ((this.#bytes[at] as number) < 0x80) elements++;
    this.#at = end;
    this.#fields += elements;
    return this.#count(frame, rule, elements);
  }

  /** Adds to the count of a field's elements, if the field is repeated. */
  #count(frame: Frame, rule: FieldRule | undefined, elements: number): ScanOutcome | undefined {
    if (rule?.counter === undefined) return undefined;
    const count = (frame.counts[rule.counter] ?? 0) + elements;
    frame.counts[rule.counter] = count;
    if (count <= rule.mostElements) return undefined;
    return this.#tooMany(rule.name, `has more than ${rule.mostElements} elements`);
  }

  #skip(frame: Frame, bytes: number): ScanOutcome | undefined {
    this.#at += bytes;
    return this.#at > frame.end ? malformed('a number that does not end') : undefined;
  }

  /** The low 32 bits of the next varint; undefined if it does not end before `end`. */
  #varint(end: number): number | undefined {
    const bytes = this.#bytes;
    let value = 0;
    for (let index = 0; index < longestVarint && this.#at < end; index++) {
      const byte = bytes[this.#at++] as number;
      if (index < 5) value |= (byte & 0x7f) << (7 * index);
      if (byte < 0x80) return value >>> 0;
    }
    return undefined;
  }

  #tooMany(field: string, what: string): ScanOutcome {
    return this.#refuse('TOO_LARGE', field, `${what}: send less in one request, and the rest in others`);
  }

  #refuse(reason: 'TOO_LARGE' | 'INVALID_REQUEST', field: string, description: string): ScanOutcome {
    const steps = this.#frames.slice(1).map(({ step, index }) => (index < 0 ? step : `${step}[${index}]`));
    const path = [...steps, ...(field === '' ? [] : [field])].join('.');
    const message = path === '' ? `the request ${description}` : `${path}: ${description}`;
    return { kind: 'refused', refusal: refused(reason, message, { violations: [{ field: path, description }] }).refusal };
  }
}

function frameOf(table: FieldTable, end: number, step: string, index: number): Frame {
  return { table, end, step, index, counts: [], singles: 0, oneofs: 0 };
}

function malformed(why: string): ScanOutcome {
  return { kind: 'malformed', why };
}
