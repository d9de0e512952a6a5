/** Two workers of one name: each is listed under a name of its own, or the second refuses to start. */

import { expect, test } from 'vitest';
import { type Bench, eventually, openBench, probeRepository } from './worker-process.ts';

/** The first process of a container that shares the network of its host. */
const place = { host: 'box', pid: 1 };

async function listed(bench: Bench): Promise<string[]> {
  const { workers } = await bench.queue.registry.readRegistry();
  return workers.map(({ name }) => name).sort();
}

async function isFree({ queue }: Bench, name: string): Promise<boolean> {
  const probe = { name, instance: 'probe', ...place };
  const { kind } = await queue.registry.holdName(probe);
  await queue.registry.retireWorker(probe);
  return kind === 'held';
}

test('workers with the same default name, started together, both stay listed', async () => {
  const bench = await openBench();
  const both = [bench.worker({}, place), bench.worker({}, place)];
  const infos = await Promise.all(both.map((worker) => worker.ready()));
  const names = infos.map(({ name }) => name).sort();
  expect(names).toEqual(['box-1', expect.stringMatching(/^box-1-[0-9a-z]{5}$/)]);
  expect(await listed(bench)).toEqual(names);
  const [first] = both;
  first?.signal('SIGTERM');
  expect(await first?.exited()).toBe(0);
  expect(await listed(bench)).toEqual([infos[1]?.name]);
});

test('the name of a live worker is refused with a sentence, and that of a killed one is taken over', async () => {
  const bench = await openBench();
  const first = bench.worker({ name: 'a' }, place);
  await first.ready();
  const { sentence } = await bench.worker({ name: 'a' }).refused();
  expect(sentence).toBe('StartFailure: A worker called a is alive on box (pid 1); stop it or choose another --name.');
  await first.kill();
  const successor = bench.worker({ name: 'a' }, { host: 'box', pid: 2 });
  expect((await successor.ready()).name).toBe('a');
  const { workers } = await bench.queue.registry.readRegistry();
  expect(workers).toMatchObject([{ name: 'a', pid: 2 }]);
});

test('a worker that cannot start gives up its name at once, and so does one that stops', async () => {
  const bench = await openBench();
  const repository = await probeRepository({ 'probe/1/handler.ts': 'throw new Error("no");' });
  expect((await bench.worker({ name: 'a', repository }).refused()).sentence).toMatch(/^UsageError: /);
  expect(await isFree(bench, 'a')).toBe(true);
  const first = bench.worker({ name: 'a' });
  await first.ready();
  expect(await isFree(bench, 'a')).toBe(false);
  first.signal('SIGTERM');
  await first.exited();
  expect(await isFree(bench, 'a')).toBe(true);
});

test('a worker that lost its name while it was frozen goes on under another one', async () => {
  const bench = await openBench();
  const frozen = bench.worker({ name: 'a' }, place);
  await frozen.ready();
  frozen.signal('SIGSTOP');
  const second = bench.worker({ name: 'a' }, { host: 'box', pid: 2 });
  await second.ready();
  frozen.signal('SIGCONT');
  const names = await eventually('both are listed', async () => {
    const all = await listed(bench);
    return all.length === 2 && all;
  });
  expect(names).toEqual(['a', expect.stringMatching(/^a-[0-9a-z]{5}$/)]);
  const id = await bench.submit();
  expect(await bench.ended(id)).toMatchObject({ state: 'succeeded' });
});
