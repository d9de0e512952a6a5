/** Lists in pages, with tokens that say after which key the next one begins. Pure. */

import { granted, type Outcome } from '@inferq/core/refusal.ts';
import type { Page } from '../../broker.ts';
import { wrongField } from '../store-failure.ts';

export const pageSizes = { default: 100, max: 1_000 };

/** The number of items asked for; 0 leaves it to us. */
export function checkPageSize(pageSize: number): Outcome<number> {
  if (pageSize === 0) return granted(pageSizes.default);
  if (Number.isInteger(pageSize) && pageSize > 0 && pageSize <= pageSizes.max) return granted(pageSize);
  return wrongField('page_size', `is ${pageSize}; give 1 to ${pageSizes.max}, or 0 for ${pageSizes.default}`);
}

/** A token for `key`. */
export function encodeToken(key: string): string {
  return Buffer.from(key).toString('base64url');
}

/** The key of a token that was given out; '' for none. */
export function decodeToken(token: string): Outcome<string> {
  const key = token.length > 1_024 ? '' : Buffer.from(token, 'base64url').toString();
  if (encodeToken(key) === token) return granted(key);
  return wrongField('page_token', 'was not given by this list: send next_page_token as it came, or leave it out to start again');
}

/** One page of `all`, in the order of their keys. */
export function pageOf<T>(all: readonly T[], keyOf: (item: T) => string, pageSize: number, token: string): Outcome<Page<T>> {
  const size = checkPageSize(pageSize);
  if (!size.ok) return size;
  const after = decodeToken(token);
  if (!after.ok) return after;
  const keyed = all.map((item) => ({ key: keyOf(item), item })).sort((one, other) => (one.key < other.key ? -1 : 1));
  const rest = keyed.filter(({ key }) => token === '' || key > after.value);
  const page = rest.slice(0, size.value);
  const last = page.at(-1);
  const nextToken = last === undefined || rest.length === page.length ? '' : encodeToken(last.key);
  return granted({ items: page.map(({ item }) => item), nextToken });
}
