/** Values of single fields: mostly right, now and then as odd as their wire type allows. */

import fc, { type Arbitrary } from 'fast-check';

/** One value in `rarity` is odd. */
export function mostly<T, U>(right: Arbitrary<T>, odd: Arbitrary<U>, rarity = 80): Arbitrary<T | U> {
  return fc.oneof({ weight: rarity - 1, arbitrary: right as Arbitrary<T | U> }, { weight: 1, arbitrary: odd as Arbitrary<T | U> });
}

/** The same of an optional field: absent in most messages. */
export function maybe<T>(value: Arbitrary<T>): Arbitrary<T | undefined> {
  return fc.oneof({ weight: 3, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: value });
}

export const oddString = fc.oneof(
  fc.constantFrom(
    '',
    '__proto__',
    'constructor',
    'toString',
    '{0}:t:',
    '*',
    '\u0000',
    '\u001b[31mred',
    '../../etc/passwd',
    '%s%n',
    '\ud800',
  ),
  fc.constantFrom('x'.repeat(65), 'x'.repeat(300), '\u{1f600}'.repeat(4_000), '"'.repeat(9_000), '\u2028'.repeat(2_000)),
  fc.string({ unit: 'binary', maxLength: 80 }),
);

export const oddInt32 = fc.oneof(fc.constantFrom(-1, 0, 10, 101, 2 ** 31 - 1, -(2 ** 31)), fc.integer());

export const oddInt64 = fc.oneof(
  fc.constantFrom(-1n, 0n, 1n, 2n ** 31n, 2n ** 53n, 2n ** 63n - 1n, -(2n ** 63n)),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
);

export const oddDouble = fc.oneof(fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, -0, Number.MAX_VALUE, 5e-324), fc.double());

const oddDuration = fc.record({ seconds: oddInt64, nanos: oddInt32 });

/** Of `minMs` to `maxMs`. */
export function duration(minMs: number, maxMs: number): Arbitrary<{ seconds: bigint; nanos: number }> {
  const right = fc
    .integer({ min: minMs, max: maxMs })
    .map((ms) => ({ seconds: BigInt(Math.floor(ms / 1_000)), nanos: (ms % 1_000) * 1_000_000 }));
  return mostly(right, oddDuration);
}

const oddTime = fc
  .constantFrom(-8_640_000_000_000_000, -62_135_596_800_001, 0, 253_402_300_800_000, 8_640_000_000_000_000)
  .map((ms) => new Date(ms));

function fromNow(minMs: number, maxMs: number): Arbitrary<Date> {
  const right = fc.integer({ min: minMs, max: maxMs }).map((ms) => new Date(Date.now() + ms));
  return mostly(right, oddTime, 10);
}

/** Around now, or anywhere that a Date can be. */
export const time = fromNow(-2_000, 2_000);

/** Still to come, or anywhere that a Date can be. */
export const soon = fromNow(500, 3_000);

export const outputOptions = maybe(
  fc.record({
    names: fc.array(mostly(fc.constantFrom('logits', 'y', 'probabilities'), oddString), { maxLength: 3 }),
    encoding: mostly(fc.constantFrom(0, 1, 2), oddInt32) as Arbitrary<0>,
    omit: fc.boolean(),
  }),
);
