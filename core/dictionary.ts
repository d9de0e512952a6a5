/** Objects whose keys are names that users chose. */

/** By name. Made by `dictionary`; one that somebody else made is read by its own keys only (`Object.entries`, `Object.hasOwn`). */
// biome-ignore lint/plugin: the one name for such objects
export type Dictionary<T> = Record<string, T>;

/**
 * An object of these entries, without a prototype: a name such as `constructor` that nobody gave is undefined in it, and
 * `__proto__` is a key like any other.
 */
export function dictionary<T>(entries: Iterable<readonly [string, T]> = []): Dictionary<T> {
  const names: Dictionary<T> = Object.create(null);
  for (const [name, value] of entries) names[name] = value;
  return names;
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
