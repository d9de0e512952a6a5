/** Numbers and sizes as people type them. */

import { wrongUsage } from '../failure.ts';

const unitBytes = new Map(Object.entries({ '': 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 }));

/** A whole number. `option` is named in the Failure thrown for anything else. */
export function parseInteger(option: string, text: string): number {
  const value = /^-?\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(value)) throw wrongUsage(`${option} takes a whole number, not "${text}".`);
  return value;
}

/** Bytes of "1048576", "512KiB", "64MiB" or "2GiB". `option` is named in the Failure thrown for anything else. */
export function parseBytes(option: string, text: string): number {
  const found = /^(\d{1,15})(KiB|MiB|GiB|)$/.exec(text);
  const bytes = Number(found?.[1]) * (unitBytes.get(found?.[2] ?? '') ?? Number.NaN);
  if (!Number.isSafeInteger(bytes)) throw wrongUsage(`${option} takes a size such as 1048576, 512KiB, 64MiB or 2GiB, not "${text}".`);
  return bytes;
}

/** A part of a whole, over 0 and up to 1. `option` is named in the Failure thrown for anything else. */
export function parseFraction(option: string, text: string): number {
  const value = /^\d*\.?\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!(value > 0 && value <= 1)) throw wrongUsage(`${option} takes a number over 0 and up to 1, such as 0.8, not "${text}".`);
  return value;
}
