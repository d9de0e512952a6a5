import { expect, test } from 'vitest';
import type { Clock } from '../clock.ts';
import { errorOf, type InferqError } from '../errors.ts';
import { backoffMs, defaultRetry, Retries, retryDelayMs } from '../retry.ts';

function error(code: string, retryAfterMs?: number): InferqError {
  return errorOf('', { code, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) });
}

/** Time that only sleeping moves. */
function manualClock(): Clock & { slept: number[] } {
  let now = 0;
  const slept: number[] = [];
  return {
    slept,
    now: () => now,
    random: () => 1,
    async sleep(ms) {
      slept.push(ms);
      now += ms;
    },
  };
}

test('the backoff doubles up to its maximum and is jittered over the upper half', () => {
  const policy = { ...defaultRetry, initialDelayMs: 100, factor: 2, maxDelayMs: 1_000 };
  expect([1, 2, 3, 4, 5, 6].map((failures) => backoffMs(policy, failures, 1))).toEqual([100, 200, 400, 800, 1_000, 1_000]);
  expect([1, 2, 3].map((failures) => backoffMs(policy, failures, 0))).toEqual([50, 100, 200]);
});

test('the backoff stays finite after very many failures', () => {
  expect(backoffMs(defaultRetry, 5_000, 1)).toBe(defaultRetry.maxDelayMs);
});

test('only what may pass by itself is tried again, and never sooner than the server asks', () => {
  const delay = (failed: unknown) => retryDelayMs(defaultRetry, failed, 1, 1);
  expect(delay(error('UNAVAILABLE'))).toBe(100);
  expect(delay(error('UNAVAILABLE', 700))).toBe(700);
  expect(delay(error('RESOURCE_EXHAUSTED', 1_500))).toBe(1_500);
  expect(delay(error('RESOURCE_EXHAUSTED', 0))).toBe(100);
  expect(delay(error('RESOURCE_EXHAUSTED'))).toBeUndefined();
  for (const code of ['INVALID_ARGUMENT', 'NOT_FOUND', 'ALREADY_EXISTS', 'DEADLINE_EXCEEDED', 'INTERNAL', 'ABORTED']) {
    expect(delay(error(code)), code).toBeUndefined();
  }
  expect(delay(new Error('not ours'))).toBeUndefined();
});

test('tries end with the deadline, with the last error', async () => {
  const clock = manualClock();
  const retries = new Retries(defaultRetry, clock, 1_000);
  const last = error('UNAVAILABLE');
  for (let count = 0; count < 3; count++) await retries.wait(error('UNAVAILABLE'));
  await expect(retries.wait(last)).rejects.toBe(last);
  expect(clock.slept).toEqual([100, 200, 400]);
});

test('a stream that came back has its whole patience again', async () => {
  const clock = manualClock();
  const retries = new Retries({ ...defaultRetry, outageMs: 250 }, clock);
  await retries.wait(error('UNAVAILABLE'));
  retries.succeeded();
  await retries.wait(error('UNAVAILABLE'));
  await expect(retries.wait(error('UNAVAILABLE'))).rejects.toThrow();
  expect(clock.slept).toEqual([100, 100]);
});

test('a last try that the deadline cut short is told by the error before it, where that could not reach the server', async () => {
  const late = error('DEADLINE_EXCEEDED');
  const unreachable = error('UNAVAILABLE');
  const retries = new Retries(defaultRetry, manualClock(), 1_000);
  await retries.wait(unreachable);
  await expect(retries.wait(late)).rejects.toBe(unreachable);
  const full = new Retries(defaultRetry, manualClock(), 1_000);
  await full.wait(error('RESOURCE_EXHAUSTED', 1));
  await expect(full.wait(late)).rejects.toBe(late);
});

test('tries end with their maximum number', async () => {
  const clock = manualClock();
  const retries = new Retries({ ...defaultRetry, maxAttempts: 2 }, clock);
  await retries.wait(error('UNAVAILABLE'));
  await expect(retries.wait(error('UNAVAILABLE'))).rejects.toThrow();
});
