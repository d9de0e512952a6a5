/** A tensor in one line. */

import { type Tensor, texts } from '@inferq/client/tensor/tensor.ts';
import type { Dictionary } from '@inferq/core/dictionary.ts';
import { oneLine, printableJson } from '@inferq/core/plain-text.ts';

const shownElements = 10;

/** `logits FP32 [1, 10]: 0.1, 2.5, ...`; texts in quotes. */
export function tensorLine(name: string, tensor: Tensor): string {
  const elements =
    tensor.datatype === 'BYTES'
      ? texts(tensor).map((text) => printableJson(text))
      : Array.from(tensor.data as ArrayLike<number>, shownNumber);
  const more = elements.length > shownElements ? `, ... (${elements.length} elements)` : '';
  return `${oneLine(name)} ${tensor.datatype} [${tensor.shape.join(', ')}]: ${elements.slice(0, shownElements).join(', ')}${more}`;
}

function shownNumber(value: number | bigint): string {
  return typeof value === 'bigint' || Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(6)));
}

/** The text in the one element of the one output, or undefined where outputs are something else. */
export function onlyText(outputs: Dictionary<Tensor>): string | undefined {
  const [only, ...others] = Object.values(outputs);
  if (only?.datatype !== 'BYTES' || others.length > 0 || only.data.length !== 1) return undefined;
  return texts(only)[0];
}
