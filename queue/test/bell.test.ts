import { expect, test } from 'vitest';
import { key } from '../keys.ts';
import type { Inbox, InboxMessage } from '../queue.ts';
import { newTask, pool } from './support/build.ts';
import { openStorage, released, retried, until } from './support/storage.ts';

const storage = openStorage();
const waiting = { waitForBell: true };

/** An executor's inbox, and how often it rang. */
async function listen(executor: string): Promise<{ inbox: Inbox; bells: () => number; messages: InboxMessage[] }> {
  const inbox = await storage.connection.openInbox(executor);
  const messages: InboxMessage[] = [];
  inbox.onMessages((some) => messages.push(...some));
  return { inbox, messages, bells: () => messages.filter(({ kind }) => kind === 'bell').length };
}

async function withBells(names: string[], act: (bells: (() => number)[]) => Promise<void>): Promise<void> {
  const ears = await Promise.all(names.map(listen));
  try {
    await act(ears.map(({ bells }) => bells));
  } finally {
    await Promise.all(ears.map(({ inbox }) => inbox.close()));
  }
}

/** All publications that were sent before have arrived. */
async function settled(bells: (() => number)[], expected: number[]): Promise<void> {
  await until(() => bells.every((bell, index) => bell() >= (expected[index] ?? 0)));
  await storage.tasks.now();
  await new Promise((resolve) => setImmediate(resolve));
  expect(bells.map((bell) => bell())).toEqual(expected);
}

test('a submission between an empty claim and sleep is not slept on: it rings', async () => {
  await withBells(['x1'], async (bells) => {
    expect(await storage.claim(waiting)).toEqual([]);
    await storage.submit();
    await settled(bells, [1]);
    expect(await storage.claim(waiting)).toHaveLength(1);
  });
});

test('a submission before the claim needs no bell', async () => {
  await withBells(['x1'], async (bells) => {
    await storage.submit();
    expect(await storage.claim(waiting)).toHaveLength(1);
    await settled(bells, [0]);
  });
});

test('however claims and submissions interleave, nobody sleeps beside a waiting task', async () => {
  await withBells(['x1', 'x2'], async () => {
    for (let round = 0; round < 40; round++) {
      const acts = [
        () => storage.claim({ ...waiting, executor: 'x1' }),
        () => storage.claim({ ...waiting, executor: 'x2' }),
        () => storage.submit(),
        () => storage.submit({ priority: round % 10 }),
      ];
      const first = acts.splice(round % acts.length, 1);
      await Promise.all([...first, ...acts].map((act) => act()));
      const asleep = await storage.redis.zrange(key('idle', 'default:m:1'), '0', '-1');
      const flags = await Promise.all(asleep.map((name) => storage.redis.hget(key('executor', name), 'idle')));
      const [stats] = await storage.tasks.queueStats(['default']);
      const waits = Object.values(stats?.waitingByPriority ?? {}).reduce((sum, count) => sum + count, 0);
      if (waits > 0) expect(flags).not.toContain('1');
    }
  });
});

test('each entry rings one sleeper while there are any, and each sleeper once', async () => {
  await withBells(['x1', 'x2', 'x3'], async (bells) => {
    for (const executor of ['x1', 'x2', 'x3']) await storage.claim({ ...waiting, executor });
    await storage.submit();
    await until(() => bells.some((bell) => bell() > 0));
    await storage.tasks.submit([newTask(), newTask(), newTask(), newTask()]);
    await settled(bells, [1, 1, 1]);
  });
});

test('a sleeper of several pools is rung once, by the first of them', async () => {
  await withBells(['x1'], async (bells) => {
    await storage.claim({ ...waiting, queues: [[pool()], [pool({ queue: 'batch' })]] });
    await storage.submit({ queue: 'batch' });
    await storage.submit();
    await settled(bells, [1]);
  });
});

test('a claim that leaves entries behind rings the next sleeper', async () => {
  await withBells(['x1', 'x2'], async (bells) => {
    await storage.claim({ ...waiting, executor: 'x1' });
    await storage.tasks.submit([newTask(), newTask(), newTask()]);
    await storage.claim({ executor: 'x3' });
    await storage.claim({ executor: 'x3' });
    await storage.submit();
    // x2 finds a task of another signature behind the one that it takes.
    await storage.claim({ ...waiting, executor: 'x2', queues: [[pool({ version: '2' })]] });
    await storage.tasks.submit([newTask({ version: '2' }), newTask({ version: '2' })]);
    await settled(bells, [1, 1]);
    await storage.claim({ ...waiting, executor: 'x1', queues: [[pool({ version: '3' })]] });
    expect(await storage.claim({ executor: 'x2', queues: [[pool({ version: '2' })]] })).toHaveLength(1);
    await settled(bells, [1, 1]);
    await storage.redis.hset(key('executor', 'x1'), 'idle', '1');
    await storage.redis.zadd(key('idle', 'default:m:1'), 1, 'x1');
    expect(await storage.claim({ executor: 'x3' })).toHaveLength(1);
    await settled(bells, [2, 1]);
  });
});

test('a sleeper whose inbox is gone is passed over for the next', async () => {
  await withBells(['x2'], async (bells) => {
    await storage.claim({ ...waiting, executor: 'x1' });
    await storage.claim({ ...waiting, executor: 'x2' });
    await storage.submit();
    await settled(bells, [1]);
  });
});

test('a struck executor is not rung', async () => {
  await withBells(['x1', 'x2'], async (bells) => {
    await storage.claim({ ...waiting, executor: 'x1' });
    await storage.claim({ ...waiting, executor: 'x2' });
    await storage.registry.strikeExecutor('x1', 'shutdown', '');
    await storage.submit();
    await settled(bells, [0, 1]);
  });
});

test('what is retried, released or reclaimed rings as a submission does', async () => {
  await withBells(['x2'], async (bells) => {
    const first = await storage.start();
    await storage.claim({ ...waiting, executor: 'x2' });
    await storage.run.settle([released(first)]);
    await settled(bells, [1]);
    const [again] = await storage.claim({ executor: 'x1' });
    await storage.claim({ ...waiting, executor: 'x2' });
    if (again) await storage.run.settle([retried(again)]);
    await storage.upkeep.promote();
    await settled(bells, [2]);
  });
});

test('an executor that asks to be rung for nothing is not rung', async () => {
  await withBells(['x1'], async (bells) => {
    await storage.claim(waiting);
    await storage.claim({ waitForBell: false });
    await storage.submit();
    await settled(bells, [0]);
  });
});
