/** Sizes for people. */

const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];

/** "512 B", "1.5 KiB", "64 MiB". */
export function shownBytes(bytes: number): string {
  const unit = Math.min(units.length - 1, bytes < 1 ? 0 : Math.floor(Math.log2(bytes) / 10));
  const value = bytes / 2 ** (10 * unit);
  return `${Number.isInteger(value) ? value : value.toFixed(1)} ${units[unit]}`;
}
