/** A stored input as a client asked for it. */

import { StoredInput } from '@inferq/proto/gen/inferq/storage/v1/storage.ts';
import { GetInputResponse } from '@inferq/proto/gen/inferq/v1/broker.ts';
import { fieldNumbers } from '../replies/field-numbers.ts';
import { Fields } from '../replies/fields.ts';
import { tensorFields } from '../replies/tensors.ts';
import type { OutputSelection } from './output-options.ts';

/** The fields of a GetInputResponse; tensors stay in the form in which they were submitted unless another one is asked for. */
export async function inputFields(stored: Uint8Array, { encoding }: Pick<OutputSelection, 'encoding'>): Promise<Fields> {
  const { inputs, parameters } = StoredInput.decode(stored);
  return Fields.of(GetInputResponse, { inputs: [], parameters }).and(await tensorFields(fieldNumbers.inputs, inputs, encoding));
}
