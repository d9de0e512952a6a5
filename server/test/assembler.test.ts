import { Assembler, type Obstacle } from '@inferq/server/grpc/intake/assembler.ts';
import { Bounded } from '@inferq/server/grpc/intake/bounded.ts';
import { Hold, letGo } from '@inferq/server/grpc/intake/hold.ts';
import fc from 'fast-check';
import { expect, test } from 'vitest';

const MiB = 1_024 * 1_024;

function framed(message: Uint8Array, flag = 0): Buffer {
  const frame = Buffer.alloc(5 + message.length);
  frame.writeUInt8(flag, 0);
  frame.writeUInt32BE(message.length, 1);
  frame.set(message, 5);
  return frame;
}

function assembler(bounds = { connection: 1_000 * MiB, server: 1_000 * MiB }, mostBytes = 64 * MiB) {
  const budget = new Bounded(bounds);
  const obstacles: Obstacle[] = [];
  const connection = {};
  const hold = () => new Hold(budget, connection);
  const made = new Assembler({ mostBytes, hold, refuse: (obstacle) => obstacles.push(obstacle) });
  /** Bytes that could still be taken. */
  const left = () => {
    let low = 0;
    for (let step = bounds.connection; step >= 1; step = Math.floor(step / 2)) {
      if (budget.take(connection, low + step) !== undefined) continue;
      budget.give(connection, low + step);
      low += step;
    }
    return low;
  };
  return { made, obstacles, left };
}

test('messages come out as they went in, however they are cut', () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ bytes: fc.integer({ min: 0, max: 200_000 }), flag: fc.constantFrom(0, 1) }), { maxLength: 6 }),
      fc.array(fc.integer({ min: 1, max: 70_000 }), { minLength: 1, maxLength: 5 }),
      (sizes, cuts) => {
        const frames = sizes.map(({ bytes, flag }, index) => framed(new Uint8Array(bytes).fill(index + 1), flag));
        const all = Buffer.concat(frames);
        const { made, obstacles } = assembler();
        const out: Buffer[] = [];
        for (let at = 0, cut = 0; at < all.length; cut++) {
          const next = at + (cuts[cut % cuts.length] as number);
          out.push(...made.write(all.subarray(at, next)));
          at = next;
        }
        expect(out.map((frame) => Buffer.compare(frame, frames[out.indexOf(frame)] as Buffer))).toEqual(frames.map(() => 0));
        expect([made.partial, obstacles]).toEqual([false, []]);
      },
    ),
    { numRuns: 30 },
  );
});

test('memory is taken as a message comes, and only until it is let go', () => {
  const { made, left } = assembler({ connection: 16 * MiB, server: 16 * MiB });
  const frame = framed(new Uint8Array(8 * MiB));
  made.write(frame.subarray(0, 5));
  expect(16 * MiB - left()).toBe(64 * 1_024);
  made.write(frame.subarray(5, 3 * MiB));
  expect(16 * MiB - left()).toBeLessThanOrEqual(6 * MiB);
  const [message] = made.write(frame.subarray(3 * MiB));
  expect(16 * MiB - left()).toBe(frame.length);
  letGo((message as Buffer).subarray(5));
  expect(left()).toBe(16 * MiB);
});

test('a message over the limit is refused by its length, before it comes', () => {
  const { made, obstacles } = assembler(undefined, 1_000);
  expect(made.write(framed(new Uint8Array(1_000)))).toHaveLength(1);
  expect(made.write(framed(new Uint8Array(1_001)).subarray(0, 5))).toEqual([]);
  expect(obstacles).toEqual([{ kind: 'tooLarge' }]);
  expect(made.write(framed(new Uint8Array(1)))).toEqual([]);
});

test('where memory is full, a message that does not come in one piece is refused, and gives back what it took', () => {
  const { made, obstacles, left } = assembler({ connection: MiB, server: 4 * MiB });
  expect(made.write(framed(new Uint8Array(2 * MiB)).subarray(0, MiB + 1))).toEqual([]);
  expect(obstacles).toEqual([{ kind: 'full', whose: 'connection' }]);
  expect(left()).toBe(MiB);
});
