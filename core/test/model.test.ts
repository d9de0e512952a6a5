import { expect, test } from 'vitest';
import { defaults } from '../limits.ts';
import { retryDelayMs } from '../model.ts';
import { seeded } from './random.ts';

const policy = { maxAttempts: 5, delayMs: 1_000, factor: 2, maxDelayMs: 5_000 };
const nearlyOne = 1 - 2 ** -53;

test('the delay doubles with every charged attempt up to its maximum', () => {
  expect([1, 2, 3, 4, 50].map((charged) => retryDelayMs(policy, charged, nearlyOne))).toEqual([1_000, 2_000, 4_000, 5_000, 5_000]);
});

test('the jitter takes away at most half', () => {
  expect([1, 2, 3, 4, 50].map((charged) => retryDelayMs(policy, charged, 0))).toEqual([500, 1_000, 2_000, 2_500, 2_500]);
});

test('an attempt that was not charged waits like the first', () => {
  expect(retryDelayMs(policy, 0, 0.5)).toBe(retryDelayMs(policy, 1, 0.5));
});

test('delays are whole milliseconds within bounds, whatever the attempt', () => {
  const random = seeded(23);
  const { delayMs, maxDelayMs } = defaults.retry;
  for (let charged = 0; charged < 2_000; charged++) {
    const delay = retryDelayMs({ maxAttempts: 3, ...defaults.retry }, charged, random());
    expect(Number.isInteger(delay)).toBe(true);
    expect(delay).toBeGreaterThanOrEqual(delayMs / 2);
    expect(delay).toBeLessThanOrEqual(maxDelayMs);
  }
});

test('a policy without a delay retries at once', () => {
  expect(retryDelayMs({ ...policy, delayMs: 0 }, 3, nearlyOne)).toBe(0);
});
