import { credentials, Metadata } from '@grpc/grpc-js';
import { HealthCheckResponse_ServingStatus, HealthClient } from '@inferq/proto/gen/grpc/health/v1/health.ts';
import fc from 'fast-check';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { anyCall } from './fuzz/calls.ts';
import { campaignFrom } from './fuzz/campaign.ts';
import { expectAllEnded, leftInRedis } from './fuzz/leftovers.ts';
import { plant } from './fuzz/plant.ts';
import { acknowledged, faultOf } from './fuzz/verdict.ts';
import { Wire } from './fuzz/wire.ts';
import { type Stack, startStack } from './support/stack.ts';

const callsAtOnce = 60;
/** Each one sends a bundle. */
const maxShrinks = 300;
let stack: Stack;
let redis: Redis;
let wire: Wire;
let health: HealthClient;

beforeAll(async () => {
  stack = await startStack();
  redis = new Redis(stack.redis.url);
  wire = new Wire(stack.address);
  health = new HealthClient(stack.address, credentials.createInsecure());
});

afterAll(async () => {
  health?.close();
  wire?.close();
  redis?.disconnect();
  await stack?.stop();
});

function alive(): boolean {
  const { exitCode, signalCode } = stack.server.child;
  return exitCode === null && signalCode === null;
}

/** Whether the server says that it serves; it cannot where it has crashed. */
function serving(): Promise<boolean> {
  return new Promise((resolve) => {
    health.check({ service: '' }, new Metadata(), { deadline: Date.now() + 5_000 }, (error, reply) => {
      resolve(error === null && reply.status === HealthCheckResponse_ServingStatus.SERVING);
    });
  });
}

test('whatever is sent, in whatever bytes, gets an answer or a sentence, and leaves nothing behind', { timeout: 3_600_000 }, async () => {
  const { seed, runs } = campaignFrom(process.env, 50);
  console.log(`FUZZ_SEED=${seed} FUZZ_RUNS=${runs}`);
  const planted = await plant(stack.client);
  const tasks = new Set(planted);
  const bundles = fc.array(anyCall(planted), { minLength: 1, maxLength: callsAtOnce, size: 'max' });
  const property = fc.asyncProperty(fc.limitShrink(bundles, maxShrinks), async (calls) => {
    // Nothing can be told from a server that has crashed: what crashed it stays the finding.
    fc.pre(alive());
    const exchanges = await Promise.all(calls.map((call) => wire.send(call)));
    for (const exchange of exchanges) {
      for (const id of acknowledged(exchange)) tasks.add(id);
      expect(faultOf(exchange), exchange.call.path).toBeUndefined();
    }
    expect(await serving(), stack.server.output()).toBe(true);
  });
  await fc.assert(property, { seed, numRuns: runs });
  await expectAllEnded(stack, redis, tasks);
  expect(await leftInRedis(redis)).toEqual([]);
  expect(alive()).toBe(true);
  // Warnings are fine; a surprise would have been logged as an error.
  expect(stack.server.output()).not.toMatch(/"level":[56]0/);
});
