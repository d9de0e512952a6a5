/** What makes two requests the same one, as a hash: what the task is to do, not how its result is returned. */

import { hash as hashOf } from 'node:crypto';
import type { Tensor } from '@inferq/core/tensor/tensor.ts';
import type { SubmitCommand, WireParameter } from '../../broker.ts';

/** 22 characters of base64url hold 132 bits. */
const hashLength = 22;

/** What is hashed, in order. */
type Parts = Uint8Array[];

/** A client's idempotency key as it is stored. */
export function keyHash(key: string): string {
  return shortened([Buffer.from(key)]);
}

/** Model, version as given, inputs, parameters by name, and options as given. */
export function contentDigest(command: SubmitCommand): string {
  const hash: Parts = [];
  addText(hash, command.model);
  addText(hash, command.version);
  addText(hash, JSON.stringify(options(command).map((value) => value ?? null)));
  for (const tensor of command.inputs) addTensor(hash, tensor);
  for (const name of [...command.parameters.keys()].sort()) {
    addText(hash, name);
    addText(hash, parameterText(command.parameters.get(name)));
  }
  return shortened(hash);
}

function options(command: SubmitCommand): (string | number | boolean | undefined)[] {
  return [
    command.queue,
    command.priority,
    command.delayMs,
    command.notBefore,
    command.startWithinMs,
    command.startDeadline,
    command.softLimitMs,
    command.hardLimitMs,
    command.maxAttempts,
    command.resultTtlMs,
    command.ignoreResult,
    // Left out where it is not given, so that a key of before it existed names the same request.
    ...(command.keepInput === undefined ? [] : [command.keepInput]),
  ];
}

function addTensor(hash: Parts, { name, datatype, shape, data }: Tensor): void {
  addText(hash, name);
  addText(hash, datatype);
  addText(hash, shape.join());
  if (data === undefined) return;
  addText(hash, data.$case);
  if (data.$case === 'raw') {
    addBytes(hash, data.value);
    return;
  }
  for (const [list, elements] of Object.entries(data.value)) {
    if (elements.length === 0) continue;
    addText(hash, `${list} ${elements.length}`);
    addElements(hash, elements);
  }
}

/** The elements of a typed list, which are all of one kind. */
function addElements(hash: Parts, elements: readonly (boolean | number | bigint | string | Uint8Array)[]): void {
  const first = elements[0];
  if (typeof first === 'number') addBytes(hash, new Uint8Array(Float64Array.from(elements as number[]).buffer));
  else if (typeof first === 'bigint') addBytes(hash, new Uint8Array(BigInt64Array.from(elements as bigint[]).buffer));
  else if (typeof first === 'boolean') addBytes(hash, Uint8Array.from(elements as boolean[], Number));
  else
    for (const element of elements as (string | Uint8Array)[]) addBytes(hash, typeof element === 'string' ? Buffer.from(element) : element);
}

function parameterText(parameter: WireParameter | undefined): string {
  return parameter === undefined ? '' : `${parameter.$case} ${Object.is(parameter.value, -0) ? '-0' : parameter.value}`;
}

function addText(hash: Parts, text: string): void {
  addBytes(hash, Buffer.from(text));
}

/** Each part goes in behind its length, so that no two requests run together into the same bytes. */
function addBytes(parts: Parts, bytes: Uint8Array): void {
  parts.push(Buffer.from(`${bytes.length}:`), bytes);
}

function shortened(parts: Parts): string {
  return hashOf('sha256', parts.length === 1 ? (parts[0] as Uint8Array) : Buffer.concat(parts), 'base64url').slice(0, hashLength);
}
