import { dictionary } from '@inferq/core/dictionary.ts';
import { expect, test } from 'vitest';
import { chargeQueue, orderQueues, type Passes } from '../executor/queue-order.ts';
import { defaultShares, parseQueues } from '../queue-shares.ts';

/** Serves `claims` times from the first queue in order that has something, one row each; returns how often each was served. */
function serve(text: string, claims: number, has: (queue: string, claim: number) => boolean, rows = (_queue: string) => 1) {
  const shares = parseQueues(text);
  const served: Record<string, number> = dictionary();
  let passes: Passes = new Map();
  for (let claim = 0; claim < claims; claim++) {
    const order = orderQueues(shares, passes);
    const queue = order.find((name) => has(name, claim));
    if (queue === undefined) continue;
    served[queue] = (served[queue] ?? 0) + rows(queue);
    passes = chargeQueue(shares, passes, order, queue, rows(queue));
  }
  return served;
}

test('a queue without a weight is served before all that follow it, as long as it has anything', () => {
  expect(serve('realtime,default:2,batch:1', 30, (queue, claim) => queue !== 'realtime' || claim < 10)).toEqual({
    realtime: 10,
    default: expect.closeTo(13, 0),
    batch: expect.closeTo(7, 0),
  });
});

test('neighbours with weights share by them, whatever the size of their batches', () => {
  expect(serve('default:2,batch:1', 300, () => true)).toEqual({ default: 200, batch: 100 });
  const rows = serve(
    'default:2,batch:1',
    3_000,
    () => true,
    (queue) => (queue === 'batch' ? 8 : 1),
  );
  expect((rows.default ?? 0) / (rows.batch ?? 1)).toBeCloseTo(2, 1);
});

test('queues named like members of objects get their shares', () => {
  expect(serve('constructor:3,valueOf:1', 400, () => true)).toEqual({ constructor: 300, valueOf: 100 });
  expect(serve('toString:1,__proto__:3', 400, () => true)).toEqual(
    dictionary([
      ['toString', 100],
      ['__proto__', 300],
    ]),
  );
});

test('a queue without a weight between weighted ones separates their groups', () => {
  expect(orderQueues(parseQueues('a:1,b:9,c,d:1'), new Map([['a', 5]]))).toEqual(['b', 'a', 'c', 'd']);
  expect(serve('a:1,c,b:9', 10, () => true)).toEqual({ a: 10 });
});

test('a queue that was empty for long does not shut out the others when it comes back', () => {
  const served = serve('default:1,batch:1', 200, (queue, claim) => queue !== 'default' || claim >= 100);
  expect(served.batch).toBeGreaterThanOrEqual(149);
  expect(served.default).toBeGreaterThanOrEqual(49);
});

test('an unweighted queue keeps its place through any number of claims', () => {
  expect(serve('realtime,default', 50, () => true)).toEqual({ realtime: 50 });
});

test('the standard queues come first where none are named, then those of the models', () => {
  expect(defaultShares(['default', 'ocr']).map(({ queue }) => queue)).toEqual(['realtime', 'default', 'batch', 'ocr']);
});

test.each([
  ['', 'is not a valid queue name'],
  ['a,,b', 'is not a valid queue name'],
  ['a b', 'is not a valid queue name'],
  ['{x}', 'is not a valid queue name'],
  ['a:0', 'must be a whole number from 1 to 1000'],
  ['a:-1', 'must be a whole number from 1 to 1000'],
  ['a:1.5', 'must be a whole number from 1 to 1000'],
  ['a:', 'must be a whole number from 1 to 1000'],
  ['a:1:2', 'must be a whole number from 1 to 1000'],
  ['a:1001', 'must be a whole number from 1 to 1000'],
  ['a,b,a:2', 'names "a" twice'],
])('queues "%s" are refused: %s', (text, problem) => {
  expect(() => parseQueues(text)).toThrow(problem);
});
