/** What makes two requests the same one, as a hash: what the task is to do, not how its result is returned. */

import { createHash, hash as hashOf } from 'node:crypto';
import type { Sliced } from '@inferq/core/slices.ts';
import type { Tensor } from '@inferq/core/tensor/tensor.ts';
import type { SubmitCommand, WireParameter } from '../../broker.ts';

/** 22 characters of base64url hold 132 bits. */
const hashLength = 22;
/** Hashed in a few milliseconds. */
const sliceBytes = 512 * 1_024;

/** What is hashed, in order. */
type Parts = Uint8Array[];

/** A client's idempotency key as it is stored. */
export function keyHash(key: string): string {
  return hashOf('sha256', key, 'base64url').slice(0, hashLength);
}

/** Model, version as given, inputs, parameters by name, and options as given. */
export function* contentDigest(command: SubmitCommand): Sliced<string> {
  const hash: Parts = [];
  addText(hash, command.model);
  addText(hash, command.version);
  addText(hash, JSON.stringify(options(command).map((value) => value ?? null)));
  for (const tensor of command.inputs) addTensor(hash, tensor);
  for (const name of [...command.parameters.keys()].sort()) {
    addText(hash, name);
    addText(hash, parameterText(command.parameters.get(name)));
  }
  return yield* shortened(hash);
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
  addBytes(hash, data.value);
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

function* shortened(parts: Parts): Sliced<string> {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  // One call is quicker than many, where the copy is small.
  if (length < sliceBytes) return hashOf('sha256', Buffer.concat(parts, length), 'base64url').slice(0, hashLength);
  const hash = createHash('sha256');
  for (const part of parts) {
    for (let from = 0; from < part.length; from += sliceBytes) {
      if (from > 0) yield;
      hash.update(part.subarray(from, from + sliceBytes));
    }
  }
  return hash.digest('base64url').slice(0, hashLength);
}
