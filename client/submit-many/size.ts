/** Roughly how large an item is on the wire: its payload, and a flat charge for the rest. */

import type { SubmitManyRequest_Item as WireItem } from '../../proto/gen/inferq/v1/broker.ts';

const flatBytes = 256;

export function itemBytes({ action }: WireItem): number {
  if (action?.$case !== 'submit') return flatBytes;
  return action.value.inputs.reduce((sum, { data }) => sum + (data?.$case === 'raw' ? data.value.byteLength : 0), flatBytes);
}
