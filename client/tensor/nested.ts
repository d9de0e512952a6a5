/** Nested lists, as JSON has them, to a shape and flat values. */

import { invalid } from '../errors.ts';
import type { Scalar } from './build.ts';

export interface Flat {
  shape: number[];
  values: Scalar[];
}

/** The shape and the values in row-major order; a bare scalar has shape []. Throws InvalidRequestError for ragged lists. */
export function fromNested(nested: unknown): Flat {
  const shape = shapeOf(nested);
  const values: Scalar[] = [];
  collect(nested, shape, 0, values);
  return { shape, values };
}

function shapeOf(nested: unknown): number[] {
  const shape: number[] = [];
  for (let level = nested; Array.isArray(level); level = level[0]) shape.push(level.length);
  return shape;
}

function collect(nested: unknown, shape: number[], depth: number, values: Scalar[]): void {
  const expected = shape[depth];
  if (expected === undefined) {
    if (!isScalar(nested)) throw invalid('values', `found ${describe(nested)} instead of a number, a string or a boolean`);
    values.push(nested);
    return;
  }
  if (!Array.isArray(nested)) throw invalid('values', `found ${describe(nested)} instead of a list of ${expected}`);
  if (nested.length !== expected) {
    throw invalid('values', `nested lists differ in length: ${expected} and ${nested.length}`);
  }
  for (const part of nested) collect(part, shape, depth + 1, values);
}

function isScalar(value: unknown): value is Scalar {
  return ['number', 'bigint', 'boolean', 'string'].includes(typeof value);
}

function describe(value: unknown): string {
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (value === null || typeof value === 'object') return value === null ? 'null' : 'an object';
  return `the value ${String(value).slice(0, 32)}`;
}
