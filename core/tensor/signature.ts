/** The shape signature: tasks of one model whose inputs have the same one may share a run. */

import { isName } from '../names.ts';
import type { Tensor } from './tensor.ts';

const longest = 32;

/**
 * Says names, datatypes and shapes of a task's inputs in at most 32 printable ASCII characters, whatever their order. With
 * `batched`, dimension 0 counts rows and is left out. Long ones are hashed: a hint for batching, which `joinRows` does not trust.
 */
export function shapeSignature(inputs: readonly Tensor[], batched: boolean): string {
  const parts = inputs.map(({ name, datatype, shape }) => {
    const dimensions = (batched ? shape.slice(1) : shape).join(',');
    return `${isName(name) ? name : JSON.stringify(name)}=${datatype}[${dimensions}]`;
  });
  const text = parts.sort().join(' ');
  return text.length <= longest && /^[\x20-\x7e]+$/.test(text) ? text : hash(text);
}

/** 128 bits from four unlike hashes, in 28 characters: nobody meets a collision by chance. */
function hash(text: string): string {
  return [0x9e3779b1, 0x85ebca77, 0xc2b2ae3d, 0x27d4eb2f].map((factor) => hash32(text, factor).toString(36).padStart(7, '0')).join('');
}

function hash32(text: string, factor: number): number {
  let state = factor ^ text.length;
  for (let index = 0; index < text.length; index++) {
    state = Math.imul(state ^ text.charCodeAt(index), factor);
    state ^= state >>> 15;
  }
  return Math.imul(state ^ (state >>> 13), factor) >>> 0;
}
