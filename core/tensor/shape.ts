/** Shapes: how many elements they hold, how people read them, and whether one fits a spec. */

import { limits } from '../limits.ts';
import { shown } from '../names.ts';
import type { Violation } from '../refusal.ts';
import { violation } from '../violation.ts';
import type { TensorSpec } from './tensor.ts';

const largestDimension = 2 ** 31 - 1;

/** How many elements a shape holds; 1 for a scalar. */
export function elementCount(shape: readonly number[]): number {
  return shape.reduce((count, dimension) => count * dimension, 1);
}

/** A shape for a message, at most 64 characters: `[2, 64]`. */
export function shownShape(shape: readonly (number | bigint)[]): string {
  const head = shape.slice(0, 32).join(', ');
  return shown(`[${head}${shape.length > 32 ? ', ...' : ''}]`);
}

/** The shapes that a spec takes, for a message: `[-1, 64]`. */
export function shownSpec({ shape, anyRank }: Pick<TensorSpec, 'shape' | 'anyRank'>): string {
  return anyRank ? 'any shape' : shownShape(shape);
}

/** What is wrong with a shape, if anything; `field` is its tensor's path. Never walks more dimensions than a tensor may have. */
export function checkShape(field: string, spec: TensorSpec, shape: readonly bigint[]): Violation | undefined {
  const wanted = () => `"${shown(spec.name)}" takes ${shownSpec(spec)}${spec.shape.includes(-1) ? ' (-1: any size)' : ''}`;
  const at = `${field}.shape`;
  if (shape.length !== spec.shape.length && !(spec.anyRank && shape.length <= limits.request.dimensions)) {
    return violation(at, `has ${shape.length} dimension${shape.length === 1 ? '' : 's'}, but ${wanted()}`);
  }
  for (const [index, dimension] of shape.entries()) {
    if (dimension < 0n || dimension > largestDimension) {
      return violation(at, `dimension ${index} is ${dimension}, but must be between 0 and ${largestDimension}`);
    }
    const expected = spec.anyRank ? -1 : spec.shape[index];
    if (expected !== -1 && Number(dimension) !== expected) {
      return violation(at, `dimension ${index} is ${dimension}, but ${wanted()}`);
    }
  }
  return undefined;
}
