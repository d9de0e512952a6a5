/** Objects whose keys are names that users chose. */

/**
 * An object of these entries, without a prototype: a name such as `constructor` that nobody gave is undefined in it, and
 * `__proto__` is a key like any other.
 */
export function dictionary<T>(entries: Iterable<readonly [string, T]> = []): Record<string, T> {
  const names: Record<string, T> = Object.create(null);
  for (const [name, value] of entries) names[name] = value;
  return names;
}
