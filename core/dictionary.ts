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
