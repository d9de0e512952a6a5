/** How much of each field a request may have. A field that is not named here has the general limit, so a new one is covered too. */

import { limits } from '@inferq/core/limits.ts';

const { request } = limits;

/** The most elements of a repeated field or a map, by `MESSAGE.field`. */
const elements = new Map([
  ['inferq.v1.Tensor.shape', request.dimensions],
  ['inferq.v1.TaskIds.task_ids', request.taskIds],
]);

/** The most bytes of a text, by `MESSAGE.field`. */
const textBytes = new Map([['inferq.v1.Parameter.string_param', request.textParameterBytes]]);

/** Tensors' elements: as many as the message has room for. Scans and decoders pass over them. */
export const contentsField = 'inferq.v1.Tensor.contents';
export const submitField = 'inferq.v1.SubmitManyRequest.Item.submit';

export function mostElements(field: string): number {
  return elements.get(field) ?? request.elements;
}

export function mostTextBytes(field: string): number {
  return textBytes.get(field) ?? request.textBytes;
}

/** Every field that is named here. */
export const namedFields: readonly string[] = [...elements.keys(), ...textBytes.keys(), contentsField, submitField];
