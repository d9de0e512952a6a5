/** Objects whose keys are names that other people chose: of inputs and outputs, parameters, metadata. */

/** By name. One that the client returns has no prototype; one that it takes is read by its own keys. */
// biome-ignore lint/plugin: the one name for such objects
export type Dictionary<T> = Record<string, T>;

/** An object of these entries, without a prototype: `constructor` is undefined where nobody gave it, and `__proto__` is a key like others. */
export function dictionary<T>(entries: Iterable<readonly [string | number, T]>): Dictionary<T> {
  // biome-ignore lint/plugin: without its prototype it is what this function is for
  return Object.setPrototypeOf(Object.fromEntries(entries), null);
}

/**
 * The same, with its keys in the order of the entries. An object puts keys that are whole numbers first: only where there are such
 * keys this is a proxy, which cannot be cloned or sent to another thread.
 */
export function orderedDictionary<T>(entries: readonly (readonly [string, T])[]): Dictionary<T> {
  const names = dictionary(entries);
  const order = [...new Set(entries.map(([name]) => name))];
  if (!order.some((name) => /^(?:0|[1-9][0-9]*)$/.test(name))) return names;
  const others = (target: object) => Reflect.ownKeys(target).filter((key) => !order.includes(key as string));
  return new Proxy(names, { ownKeys: (target) => [...order.filter((name) => Object.hasOwn(target, name)), ...others(target)] });
}
