/** How protobuf's TensorContents lays out each list. */

import type { ListName } from '../datatypes.ts';

/** How the elements of a list are written: as varints, as so many bytes each, or each behind its length. */
type Elements = 'varints' | 4 | 8 | 'texts';

export interface ListLayout {
  name: ListName;
  elements: Elements;
  /** Its largest values are unsigned. */
  unsigned: boolean;
}

const layout = (name: ListName, elements: Elements, unsigned = false): ListLayout => ({ name, elements, unsigned });

/** Lists by the numbers of their fields. */
export const layouts: readonly (ListLayout | undefined)[] = [
  undefined,
  layout('bool_contents', 'varints'),
  layout('int_contents', 'varints'),
  layout('int64_contents', 'varints'),
  layout('uint_contents', 'varints', true),
  layout('uint64_contents', 'varints', true),
  layout('fp32_contents', 4),
  layout('fp64_contents', 8),
  layout('bytes_contents', 'texts'),
  layout('string_contents', 'texts'),
];

export const wireType = { varint: 0, eight: 1, lengthDelimited: 2, four: 5 } as const;

/** Elements after which a walk lets others go on: about a millisecond of work. */
export const sliceElements = 65_536;
