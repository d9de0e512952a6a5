/** Stored outputs as a client asked for them. */

import { toContents } from '@inferq/core/tensor/convert.ts';
import { StoredOutput } from '@inferq/proto/gen/inferq/storage/v1/storage.ts';
import type { RowClasses } from '@inferq/proto/gen/inferq/v1/task.ts';
import type { Tensor } from '@inferq/proto/gen/inferq/v1/tensor.ts';
import type { OutputSelection } from './output-options.ts';

/**
 * Decodes stored bytes, which hold raw tensors, and keeps what is selected. `contents` tells whether the task's inputs were in
 * that form, which decides where the selection leaves the encoding open.
 */
export function toOutputs(
  stored: Uint8Array | undefined,
  { names, encoding, omit }: OutputSelection,
  contents: boolean,
): { outputs: Tensor[]; classifications: RowClasses[] } {
  if (stored === undefined || omit) return { outputs: [], classifications: [] };
  const { outputs, classifications } = StoredOutput.decode(stored);
  const kept = names === undefined ? outputs : outputs.filter(({ name }) => names.has(name));
  const asContents = (encoding ?? (contents ? 'contents' : 'raw')) === 'contents';
  return { outputs: asContents ? kept.map(toContents) : kept, classifications };
}
