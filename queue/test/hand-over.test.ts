import { limits } from '@inferq/core/limits.ts';
import { expect, test } from 'vitest';
import type { ClaimedTask, InboxMessage } from '../queue.ts';
import { executorEntry, newTask, pool, workerEntry } from './support/build.ts';
import { completed, openStorage, until } from './support/storage.ts';

const storage = openStorage();

type HandOver = Extract<InboxMessage, { kind: 'handOver' }>;

/** What arrives for an executor. */
interface Ear {
  handOvers: HandOver[];
  bells: number;
  close(): Promise<void>;
}

async function listen(executor: string): Promise<Ear> {
  const inbox = await storage.connection.openInbox(executor);
  const ear: Ear = { handOvers: [], bells: 0, close: () => inbox.close() };
  inbox.onMessages((messages) => {
    for (const message of messages) {
      if (message.kind === 'handOver') ear.handOvers.push(message);
      if (message.kind === 'bell') ear.bells++;
    }
  });
  return ear;
}

async function withEars(names: string[], act: (...ears: Ear[]) => Promise<void>): Promise<void> {
  const ears = await Promise.all(names.map(listen));
  try {
    await act(...ears);
  } finally {
    await Promise.all(ears.map((ear) => ear.close()));
  }
}

const asks = (seen = 0, maxTasks = 8) => ({ waitForBell: true, queues: [[pool({ maxTasks })]], handOvers: { seen, welcome: true } });
const idsOf = ({ batch }: HandOver) => batch.tasks.map(({ id }) => id);

/** Everything that was published has arrived. */
async function heard(ear: Ear, count: number): Promise<void> {
  await until(() => ear.handOvers.length + ear.bells >= count);
  await storage.tasks.now();
  await new Promise((resolve) => setImmediate(resolve));
  expect(ear.handOvers.length + ear.bells).toBe(count);
}

test('what is submitted while an executor waits is sent to it, started under its name, and settled like any claim', async () => {
  await withEars(['x1'], async (ear) => {
    expect(await storage.claim(asks())).toEqual([]);
    const id = await storage.submit({ input: Buffer.from('so many bytes') });
    await heard(ear, 1);
    const [{ number, batch, lacking }] = ear.handOvers as [HandOver];
    expect({ number, lacking, more: batch.more }).toEqual({ number: 1, lacking: [], more: false });
    const [task] = batch.tasks as [ClaimedTask];
    expect(task).toMatchObject({ id, attempt: 1, solo: false, pool: { queue: 'default', model: 'm', version: '1' } });
    expect(Buffer.from(task.input).toString()).toBe('so many bytes');
    expect(await storage.look(id)).toMatchObject({ state: 'running', attempt: 1 });
    expect(await storage.run.settle([completed(task)])).toMatchObject({ outcomes: ['accepted'] });
    expect(await storage.state(id)).toBe('succeeded');
  });
});

test('tasks of one submit come as one batch, as large as the executor takes', async () => {
  await withEars(['x1'], async (ear) => {
    await storage.claim(asks(0, 3));
    const tasks = [newTask(), newTask(), newTask(), newTask()];
    await storage.tasks.submit(tasks);
    await heard(ear, 1);
    expect(ear.handOvers.map(idsOf)).toEqual([tasks.slice(0, 3).map(({ id }) => id)]);
    expect(ear.handOvers[0]?.batch.more).toBe(true);
    expect(await storage.claim(asks(1))).toMatchObject([{ id: tasks[3]?.id }]);
  });
});

test('what one executor does not take is handed to the next that waits, and each gets one batch', async () => {
  await withEars(['x1', 'x2'], async (one, other) => {
    await storage.claim({ ...asks(0, 2), executor: 'x1' });
    await storage.claim({ ...asks(0, 2), executor: 'x2' });
    await storage.tasks.submit(Array.from({ length: 5 }, () => newTask()));
    await heard(one, 1);
    await heard(other, 1);
    expect([...one.handOvers, ...other.handOvers].map((message) => idsOf(message).length)).toEqual([2, 2]);
  });
});

test('a claim that crosses a hand-over takes nothing beside it', async () => {
  await withEars(['x1'], async (ear) => {
    await storage.claim(asks());
    const first = await storage.submit();
    const second = await storage.submit();
    const crossing = { ...asks(0), executor: 'x1', worker: 'w1', device: 'cpu', maxBytes: limits.batchBytes, solo: true };
    expect(await storage.run.claim(crossing)).toEqual({ kind: 'handed' });
    await heard(ear, 1);
    expect(ear.handOvers.map(idsOf)).toEqual([[first]]);
    expect(await storage.claim(asks(1))).toMatchObject([{ id: second }]);
  });
});

test('an executor that waits without asking for hand-overs is rung', async () => {
  await withEars(['x1'], async (ear) => {
    await storage.claim({ ...asks(), handOvers: { seen: 0, welcome: false } });
    await storage.submit();
    await heard(ear, 1);
    expect(ear.bells).toBe(1);
    expect(await storage.claim(asks())).toHaveLength(1);
  });
});

test('nothing is handed to an executor whose inbox is gone, to one that was struck, or to one that gives back what it does not know', async () => {
  await storage.registry.announceWorker(workerEntry({ executors: ['x1', 'x2', 'x3', 'x4'].map((name) => executorEntry(name)) }));
  await withEars(['x2', 'x3', 'x4'], async (struck, back, next) => {
    for (const executor of ['x1', 'x2', 'x3', 'x4']) await storage.claim({ ...asks(), executor });
    await storage.registry.strikeExecutor('x2', 'shutdown', '');
    expect(await storage.run.releaseUnknown('x3', [])).toEqual({ released: 0, handOvers: 0 });
    await storage.submit();
    await heard(next, 1);
    expect(struck.handOvers).toEqual([]);
    expect(back.handOvers).toEqual([]);
  });
});

test('a batch whose message was lost is given back, and its number told', async () => {
  await withEars(['x1'], async (ear) => {
    await storage.claim(asks());
    const id = await storage.submit();
    await heard(ear, 1);
    expect(await storage.run.releaseUnknown('x1', [])).toEqual({ released: 1, handOvers: 1 });
    expect(await storage.look(id)).toMatchObject({ state: 'queued', chargedAttempts: 0 });
    expect(await storage.claim(asks(1))).toMatchObject([{ id, attempt: 2 }]);
  });
});

test('inputs that are large, or too many for one message, are left out and read by the executor', async () => {
  await withEars(['x1'], async (ear) => {
    await storage.claim(asks(0, 32));
    const large = newTask({ input: Buffer.alloc(limits.inlineBytes + 1, 'l') });
    const small = Array.from({ length: 20 }, (_, at) => newTask({ input: Buffer.alloc(limits.inlineBytes, at) }));
    const tasks = [large, ...small];
    await storage.tasks.submit(tasks);
    await heard(ear, 1);
    const [{ batch, lacking }] = ear.handOvers as [HandOver];
    expect(lacking).toContain(large.id);
    expect(lacking).toContain(small.at(-1)?.id);
    expect(lacking).not.toContain(small[0]?.id);
    const whole = await storage.run.withInputs(batch.tasks, lacking);
    expect(whole.map(({ id, input }) => [id, Buffer.from(input).equals(tasks.find((task) => task.id === id)?.input as Buffer)])).toEqual(
      tasks.map(({ id }) => [id, true]),
    );
  });
});

test('of what was submitted together an executor is handed what it would have claimed: the highest priority first', async () => {
  await withEars(['x1'], async (ear) => {
    await storage.claim(asks(0, 1));
    const [plain, urgent] = [newTask({ priority: 5 }), newTask({ priority: 9 })];
    await storage.tasks.submit([plain, urgent]);
    await heard(ear, 1);
    expect(ear.handOvers.map(idsOf)).toEqual([[urgent.id]]);
    expect(await storage.claim(asks(1))).toMatchObject([{ id: plain.id }]);
  });
});

test('a submit of tasks that the executor does not take leaves it waiting', async () => {
  await withEars(['x1'], async (ear) => {
    await storage.claim({ ...asks(), queues: [[pool(), pool({ version: '2' })]] });
    await storage.submit({ version: '3' });
    const id = await storage.submit({ version: '2' });
    await heard(ear, 1);
    expect(ear.handOvers.map(idsOf)).toEqual([[id]]);
  });
});
