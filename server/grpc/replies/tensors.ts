/** Stored tensors as a client asked for them, as encoded fields. */

import { limits } from '@inferq/core/limits.ts';
import { toContents, toRaw } from '@inferq/core/tensor/convert.ts';
import type { Tensor } from '@inferq/core/tensor/tensor.ts';
import { StoredTensor } from '@inferq/proto/gen/inferq/storage/v1/storage.ts';
import { inTurns } from '../../use-cases/in-turns.ts';
import { fieldNumbers } from './field-numbers.ts';
import { Fields } from './fields.ts';

/** The form of tensors in a reply; undefined: as they are stored. */
export type TensorForm = 'raw' | 'contents' | undefined;

/**
 * Fields of this number, one for each tensor. Typed lists may take more bytes than raw: a tensor stays raw where the reply would
 * otherwise be larger than a client can receive.
 */
export async function tensorFields(number: number, tensors: readonly Tensor[], form: TensorForm): Promise<Fields> {
  let room = limits.outputBytes - tensors.reduce((sum, tensor) => sum + bytesOf(tensor), 0);
  const fields: Fields[] = [];
  for (const tensor of tensors) {
    const formed = await inForm(tensor, form, bytesOf(tensor) + Math.max(0, room));
    room -= bytesOf(formed) - bytesOf(tensor);
    fields.push(fieldsOf(formed).in(number));
  }
  return Fields.none.and(...fields);
}

async function inForm(tensor: Tensor, form: TensorForm, mostBytes: number): Promise<Tensor> {
  if (form === 'raw') return inTurns(toRaw(tensor));
  return form === 'contents' ? inTurns(toContents(tensor, mostBytes)) : tensor;
}

function bytesOf({ data }: Tensor): number {
  return data?.value.length ?? 0;
}

/** The fields of a Tensor; its data is not copied. */
function fieldsOf({ name, datatype, shape, data }: Tensor): Fields {
  const named = Fields.of(StoredTensor, { name, datatype, shape, data: undefined });
  if (data === undefined) return named;
  return named.and(new Fields([data.value]).in(data.$case === 'raw' ? fieldNumbers.raw : fieldNumbers.contents));
}
