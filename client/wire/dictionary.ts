/** Objects whose keys are names that other people chose: of inputs and outputs, parameters, metadata. */

/** By name. One that the client returns has no prototype; one that it takes is read by its own keys. */
// biome-ignore lint/plugin: the one name for such objects
export type Dictionary<T> = Record<string, T>;

/** An object of these entries, without a prototype: `constructor` is undefined where nobody gave it, and `__proto__` is a key like others. */
export function dictionary<T>(entries: Iterable<readonly [string | number, T]>): Dictionary<T> {
  // biome-ignore lint/plugin: without its prototype it is what this function is for
  return Object.setPrototypeOf(Object.fromEntries(entries), null);
}
