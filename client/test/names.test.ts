import { expect, test } from 'vitest';
import { Task } from '../../proto/gen/inferq/v1/task.ts';
import { type SubmitRequest, submitMessage } from '../wire/request.ts';
import { taskOf } from '../wire/task.ts';

const names = ['__proto__', 'constructor', 'toString'];

test('outputs and metadata named like members of objects are read like others, and are undefined where nobody gave them', () => {
  const raw = new Uint8Array(Float32Array.from([1]).buffer);
  const outputs = names.map((name) => ({ name, datatype: 'FP32', shape: [1n], data: { $case: 'raw' as const, value: raw } }));
  const metadata = new Map(names.map((name) => [name, `of ${name}`]));
  const task = taskOf(Task.fromPartial({ outputs, metadata }));
  expect(Object.keys(task.outputs)).toEqual(names);
  for (const name of names) {
    expect(task.outputs[name]).toEqual({ datatype: 'FP32', shape: [1], data: Float32Array.from([1]) });
    expect(task.metadata[name]).toBe(`of ${name}`);
  }
  const json = JSON.parse(JSON.stringify(task)) as { metadata: object };
  expect(Object.entries(json.metadata)).toEqual([...metadata]);
  const empty = taskOf(Task.fromPartial({}));
  for (const name of names) expect([empty.outputs[name], empty.metadata[name]]).toEqual([undefined, undefined]);
});

test('inputs, parameters and metadata of such names are sent', () => {
  const byName = <T>(value: T) => Object.fromEntries(names.map((name) => [name, value]));
  const data = Float32Array.from([1]);
  const request: SubmitRequest = {
    model: 'm',
    inputs: byName({ datatype: 'FP32' as const, shape: [1], data }),
    parameters: byName(true),
    metadata: byName('x'),
  };
  const { inputs, parameters, metadata } = submitMessage(request, 'key');
  expect(inputs.map(({ name }) => name)).toEqual(names);
  expect([...parameters.keys()]).toEqual(names);
  expect([...metadata.keys()]).toEqual(names);
});
