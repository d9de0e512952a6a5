import { NotFoundError, tensor } from '@inferq/client/index.ts';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually, type Stack, startStack } from './support/stack.ts';

const digit = { model: 'digits', inputs: { image: tensor.fp32([1, 64], new Array(64).fill(0.5)) } };
let stack: Stack;
beforeAll(async () => {
  stack = await startStack({ worker: ['--models', 'digits', '--lease', '5s'] });
});
afterAll(() => stack.stop());

test('after a foreign FLUSHDB a worker and its models are known again by themselves, and work', { timeout: 60_000 }, async () => {
  expect((await stack.client.predict(digit)).state).toBe('SUCCEEDED');
  const { taskId } = await stack.client.submit({ ...digit, delayMs: 3_600_000 });
  const redis = new Redis(stack.redis.url);
  await redis.flushdb();
  redis.disconnect();
  const back = await eventually('the model is known again', () =>
    stack.client.model('digits').catch((error) => {
      if (error instanceof NotFoundError) return undefined;
      throw error;
    }),
  );
  expect(back.name).toBe('digits');
  expect((await stack.client.predict(digit)).state).toBe('SUCCEEDED');
  await expect(stack.client.getResult(taskId)).rejects.toBeInstanceOf(NotFoundError);
});
