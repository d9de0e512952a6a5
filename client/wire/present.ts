/** Message fields are optional on the wire even where the protocol always fills them. */

import { InferqError } from '../errors.ts';

/** The field's value. Throws InferqError where a server left it out. */
export function present<T>(value: T | undefined, field: string): T {
  if (value === undefined) throw new InferqError(`the server's answer has no ${field}`, { code: 'INTERNAL' });
  return value;
}
