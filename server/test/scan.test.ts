import { readFileSync } from 'node:fs';
import { BinaryWriter } from '@bufbuild/protobuf/wire';
import { limits } from '@inferq/core/limits.ts';
import { SubmitManyRequest, SubmitRequest } from '@inferq/proto/gen/inferq/v1/broker.ts';
import { Tensor } from '@inferq/proto/gen/inferq/v1/tensor.ts';
import { readDescriptors } from '@inferq/server/grpc/intake/descriptors.ts';
import { namedFields } from '@inferq/server/grpc/intake/field-limits.ts';
import { fieldTables } from '@inferq/server/grpc/intake/field-table.ts';
import { type ScanOutcome, scan } from '@inferq/server/grpc/intake/scan.ts';
import { describe, expect, test } from 'vitest';

const descriptors = readDescriptors();
const tables = fieldTables(descriptors);
const { request: most } = limits;

function scanned(message: string, bytes: Uint8Array): ScanOutcome {
  return scan(tables.get(`inferq.v1.${message}`) ?? [], bytes);
}

/** The field that a refusal names, and what it says. */
function refusal(message: string, bytes: Uint8Array): string {
  const outcome = scanned(message, bytes);
  if (outcome.kind !== 'refused') throw new Error(`the message ${outcome.kind}`);
  expect(outcome.refusal.violations).toHaveLength(1);
  return outcome.refusal.message;
}

function bytes(write: (writer: BinaryWriter) => void): Uint8Array {
  const writer = new BinaryWriter();
  write(writer);
  return writer.finish();
}

/** So many copies of a field. */
function times(count: number, field: Uint8Array): Uint8Array {
  return Buffer.alloc(count * field.length, field);
}

const emptyMessage = (field: number) => bytes((writer) => writer.uint32((field << 3) | 2).uint32(0));
const number = (field: number, value = 1) => bytes((writer) => writer.uint32(field << 3).uint32(value));
const nested = (field: number, value: Uint8Array) => bytes((writer) => writer.uint32((field << 3) | 2).bytes(value));
const item = (submit: Uint8Array) => nested(1, nested(3, submit));

test('every field that has a limit of its own exists', () => {
  const known = [...descriptors.messages].flatMap(([message, fields]) => fields.map(({ name }) => `${message}.${name}`));
  expect(known).toEqual(expect.arrayContaining([...namedFields]));
});

test.each([...descriptors.requests])('whatever %s repeats is counted', (_path, request) => {
  const seen = new Set<string>();
  const walk = (message: string): void => {
    if (seen.has(message)) return;
    seen.add(message);
    for (const field of descriptors.messages.get(message) ?? []) {
      const rule = tables.get(message)?.[field.number];
      expect(rule).toMatchObject({ name: field.name });
      if (field.repeated && message !== 'inferq.v1.TensorContents') {
        expect(rule?.counter).toBeDefined();
        expect(rule?.mostElements).toBeLessThanOrEqual(most.taskIds);
      }
      if (descriptors.messages.has(field.typeName)) walk(field.typeName);
    }
  };
  walk(request);
});

describe('too many', () => {
  test.each([
    ['SubmitManyRequest', times(1_000_000, emptyMessage(1)), 'items: has more than 1000 elements'],
    ['SubmitRequest', times(1_001, emptyMessage(3)), 'inputs: has more than 1000 elements'],
    ['SubmitRequest', times(1_001, emptyMessage(4)), 'parameters: has more than 1000 elements'],
    ['SubmitRequest', times(1_001, emptyMessage(17)), 'metadata: has more than 1000 elements'],
    ['SubmitRequest', nested(19, times(1_001, emptyMessage(1))), 'outputs.names: has more than 1000 elements'],
    ['SubmitRequest', nested(3, times(65, number(3))), 'inputs[0].shape: has more than 64 elements'],
    ['SubmitRequest', nested(3, nested(3, new Uint8Array(65))), 'inputs[0].shape: has more than 64 elements'],
    ['SubmitRequest', nested(3, nested(3, new Uint8Array(60_000_000))), 'inputs[0].shape: has more than 64 elements'],
    [
      'SubmitManyRequest',
      Buffer.concat([emptyMessage(1), item(times(1_001, emptyMessage(3)))]),
      'items[1].submit.inputs: has more than 1000',
    ],
    ['RedriveDeadLettersRequest', nested(1, times(10_001, emptyMessage(1))), 'ids.task_ids: has more than 10000 elements'],
    ['ListDeadLettersRequest', nested(1, nested(3, new Uint8Array(1_001))), 'filter.codes: has more than 1000 elements'],
    ['SubmitRequest', times(201, number(999)), 'the request has more than 200 fields that this server does not know'],
    ['SubmitRequest', nested(3, times(201, emptyMessage(77))), 'inputs[0]: has more than 200 fields that this server does not know'],
    ['GetResultRequest', times(201, emptyMessage(1)), 'the request has more than 200 fields'],
    ['SubmitManyRequest', times(1_000, item(times(200, emptyMessage(3)))), 'items[495].submit: has more than 100000 fields'],
  ])('%s %#', (message, wire, sentence) => {
    expect(refusal(message, wire)).toContain(sentence);
    expect(refusal(message, wire)).toMatch(/send less in one request, and the rest in others$/);
  });

  test('up to the limit all is fine', () => {
    for (const [message, wire] of [
      ['SubmitManyRequest', times(1_000, emptyMessage(1))],
      ['SubmitRequest', nested(3, nested(3, new Uint8Array(64)))],
      ['SubmitRequest', nested(3, times(64, number(3)))],
      ['SubmitRequest', times(200, number(999))],
      ['RedriveDeadLettersRequest', nested(1, times(10_000, emptyMessage(1)))],
    ] as const) {
      expect(scanned(message, wire).kind).toBe('fits');
    }
  });
});

describe('texts', () => {
  test.each([
    ['GetResultRequest', nested(1, new Uint8Array(65_537)), 'task_id: has 65537 bytes; use at most 65536'],
    ['SubmitRequest', nested(4, nested(2, nested(3, new Uint8Array(1_048_577)))), 'parameters[0].value.string_param: has 1048577 bytes'],
    [
      'SubmitRequest',
      times(400, nested(17, nested(2, new Uint8Array(60_000)))),
      'metadata[279].value: takes the texts of the request over',
    ],
  ])('of %s are limited, each and together: %#', (message, wire, sentence) => {
    expect(refusal(message, wire)).toContain(sentence);
  });

  test('elements of tensors are not texts', () => {
    const tensor = Tensor.fromPartial({ data: { $case: 'raw', value: new Uint8Array(50_000_000) } });
    expect(scanned('SubmitRequest', nested(3, Tensor.encode(tensor).finish())).kind).toBe('fits');
  });
});

test('two values of a oneof are refused: one of them would be dropped', () => {
  const delay = SubmitRequest.encode(SubmitRequest.fromPartial({ start: { $case: 'delay', value: { seconds: 1n, nanos: 0 } } })).finish();
  const notBefore = SubmitRequest.encode(SubmitRequest.fromPartial({ start: { $case: 'notBefore', value: new Date(0) } })).finish();
  expect(scanned('SubmitRequest', delay).kind).toBe('fits');
  expect(refusal('SubmitRequest', Buffer.concat([delay, notBefore]))).toContain('not_before: is a second value, but only one is allowed');
  expect(refusal('SubmitRequest', Buffer.concat([delay, delay]))).toContain('delay: is a second value');
});

test.each([
  ['a field that ends early', [0x0a]],
  ['a length beyond the end', [0x0a, 0x05, 0x41]],
  ['a length beyond the end of the message around it', [0x1a, 0x02, 0x0a, 0x05, 0x41, 0x41]],
  ['a varint of eleven bytes', [0x30, ...new Array(10).fill(0xff), 0x01]],
  ['a varint that ends early', [0x30, 0xff]],
  ['a fixed number that ends early', [0x31, 0, 0, 0]],
  ['a group', [0x0b, 0x0c]],
  ['the end of a group', [0x0c]],
  ['a field number of 0', [0x00, 0x01]],
])('%s is malformed', (_what, wire) => {
  expect(scanned('SubmitRequest', Uint8Array.from(wire)).kind).toBe('malformed');
});

test('what generated code writes fits, and is found where it stands', () => {
  const inputs = [
    { name: 'x', datatype: 'INT64', shape: [3n], data: { $case: 'contents' as const, value: { int64Contents: [1n, 2n, 3n] } } },
  ];
  const action = { $case: 'submit' as const, value: { model: 'm', inputs, parameters: new Map(), metadata: new Map([['a', 'b']]) } };
  const wire = SubmitManyRequest.encode(SubmitManyRequest.fromPartial({ items: [{ action }, { action: undefined }, { action }] })).finish();
  const outcome = scanned('SubmitManyRequest', wire);
  if (outcome.kind !== 'fits') throw new Error(outcome.kind);
  const { submit, contents } = outcome.noted;
  expect([submit.length, contents.length]).toEqual([2, 2]);
  for (const { start, end } of submit) expect(SubmitRequest.decode(wire.subarray(start, end))).toMatchObject({ model: 'm' });
  for (const { start, end } of contents) expect([...wire.subarray(start, end)]).toEqual([0x1a, 3, 1, 2, 3]);
});

test('the time of a scan does not grow with what is refused', () => {
  // Sixty million fields would take seconds to read.
  for (const wire of [times(30_000_000, number(999)), times(30_000_000, emptyMessage(3)), times(60_000_000, Uint8Array.of(0x0b))]) {
    expect(scanned('SubmitRequest', wire).kind).not.toBe('fits');
  }
});

test('the limits of what requests repeat are in the comments of the protocol', () => {
  const requests = /^message (\w+Request|TaskIds|DeadLetterFilter|OutputOptions|Tensor) \{.*?^\}/gms;
  for (const file of ['broker', 'tensor', 'admin']) {
    const source = readFileSync(new URL(`../../proto/inferq/v1/${file}.proto`, import.meta.url), 'utf8');
    for (const [message] of source.matchAll(requests)) {
      for (const [, comment, field] of message.matchAll(/\n +\/\/ (.*)\n +(?:repeated|map)[ <][^=]+?(\w+) = /g)) {
        expect(comment, `${file}.proto: ${field}`).toMatch(/at most [\d,]+/i);
      }
    }
  }
});
