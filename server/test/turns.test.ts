import { expect, test } from 'vitest';
import { takeTurns } from '../use-cases/watch/turns.ts';

test('so many run at once, the others in their order, and one that fails gives its turn on', async () => {
  const inTurn = takeTurns(2);
  const started: number[] = [];
  const gates = Array.from({ length: 4 }, () => Promise.withResolvers<number>());
  const all = gates.map((gate, index) =>
    inTurn(() => {
      started.push(index);
      return gate.promise;
    }),
  );
  await expect.poll(() => started).toEqual([0, 1]);
  gates[1]?.reject(new Error('lost'));
  await expect(all[1]).rejects.toThrow('lost');
  await expect.poll(() => started).toEqual([0, 1, 2]);
  gates[0]?.resolve(0);
  await expect.poll(() => started).toEqual([0, 1, 2, 3]);
  gates[2]?.resolve(2);
  gates[3]?.resolve(3);
  expect(await Promise.all([all[0], all[2], all[3]])).toEqual([0, 2, 3]);
  expect(await inTurn(async () => 4)).toBe(4);
});
