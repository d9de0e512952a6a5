import { expect, test } from 'vitest';
import { restartDelay } from '../supervisor/restart-delay.ts';
import { Silence } from '../supervisor/silence.ts';

test('each quick death doubles the wait for the next start, up to ten seconds', () => {
  const delays: number[] = [];
  let deaths = 0;
  for (let count = 0; count < 9; count++) {
    const { delayMs, deathsInARow } = restartDelay(deaths, 1_000);
    delays.push(delayMs);
    deaths = deathsInARow;
  }
  expect(delays).toEqual([100, 200, 400, 800, 1_600, 3_200, 6_400, 10_000, 10_000]);
});

test('after a healthy minute the next start is quick again', () => {
  expect(restartDelay(7, 60_000)).toEqual({ delayMs: 100, deathsInARow: 1 });
  expect(restartDelay(7, 59_999).delayMs).toBe(10_000);
});

test('an executor that answers its pings is never too silent', () => {
  const silence = new Silence(5_000, 30_000, 1_000);
  for (let now = 0; now < 100_000; now += 1_000) {
    expect(silence.beat(now)).toBe(false);
    silence.answered();
  }
});

test('one that stops answering is too silent after half a lease, counted from the ping it did not answer', () => {
  const silence = new Silence(5_000, 30_000, 1_000);
  silence.beat(0);
  silence.answered();
  const beats = [1_000, 2_000, 3_000, 4_000, 5_000, 6_000, 7_000].map((now) => silence.beat(now));
  expect(beats).toEqual([false, false, false, false, false, false, true]);
});

test('one that has not answered yet gets the time that a process needs to boot', () => {
  const silence = new Silence(5_000, 30_000, 1_000);
  const beats = Array.from({ length: 32 }, (_, second) => silence.beat(second * 1_000));
  expect(beats.indexOf(true)).toBe(31);
});

test('a supervisor that slept itself blames nobody for it', () => {
  const silence = new Silence(5_000, 30_000, 1_000);
  silence.beat(0);
  silence.answered();
  silence.beat(1_000);
  expect(silence.beat(60_000)).toBe(false);
  expect(silence.beat(61_000)).toBe(false);
});
