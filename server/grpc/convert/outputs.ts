/** Stored outputs as a client asked for them. */

import { StoredOutput } from '@inferq/proto/gen/inferq/storage/v1/storage.ts';
import type { RowClasses } from '@inferq/proto/gen/inferq/v1/task.ts';
import { Fields } from '../replies/fields.ts';
import { tensorFields } from '../replies/tensors.ts';
import type { OutputSelection } from './output-options.ts';

/**
 * The outputs that are selected of stored bytes, which hold raw tensors, as fields of this number. `contents` tells whether the task's
 * inputs were in that form, which decides where the selection leaves the encoding open.
 */
export async function outputFields(
  number: number,
  stored: Uint8Array | undefined,
  { names, encoding, omit }: OutputSelection,
  contents: boolean,
): Promise<{ outputs: Fields; classifications: RowClasses[] }> {
  if (stored === undefined || omit) return { outputs: Fields.none, classifications: [] };
  const { outputs, classifications } = StoredOutput.decode(stored);
  const kept = names === undefined ? outputs : outputs.filter(({ name }) => names.has(name));
  // Stored outputs are raw.
  const form = (encoding ?? (contents ? 'contents' : 'raw')) === 'contents' ? 'contents' : undefined;
  return { outputs: await tensorFields(number, kept, form), classifications };
}
