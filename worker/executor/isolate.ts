/** Calls for many items of which one may be broken. */

import { isFault } from '@inferq/core/store-error.ts';

/**
 * What `call` answers for the items, in their order. After a fault each item is sent alone, so that the others do not pay for the
 * broken one, whose answer is undefined: sending it again would not help. `call` must be safe to send again. Throws what may pass.
 */
export async function isolate<Item, Answer>(
  items: readonly Item[],
  call: (items: readonly Item[]) => Promise<readonly Answer[]>,
): Promise<readonly (Answer | undefined)[]> {
  try {
    return await call(items);
  } catch (error) {
    if (!isFault(error)) throw error;
    if (items.length === 1) return [undefined];
  }
  const answers: (Answer | undefined)[] = [];
  for (const item of items) answers.push(...(await isolate([item], call)));
  return answers;
}
