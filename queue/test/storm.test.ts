import { isTerminal } from '@inferq/core/task.ts';
import { expect, test } from 'vitest';
import type { ClaimedTask, Inbox, Settlement } from '../queue.ts';
import { claimRequest, newId, newTask, pool, workerEntry } from './support/build.ts';
import { remaining, violations } from './support/invariants.ts';
import { completed, failed, openStorage, ran, released, retried } from './support/storage.ts';

const storage = openStorage({ leaseMs: 1 });

/** The same numbers for the same seed, from 0 to 1 (mulberry32). */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const queues = [
  [pool({ maxTasks: 3 }), pool({ version: '2', maxTasks: 2 })],
  [pool({ queue: 'batch', maxTasks: 4 }), pool({ queue: 'batch', version: '2' })],
];

/** Everybody at once, in an order that the seed decides. */
class Storm {
  readonly #random: () => number;
  readonly ids: string[] = [];
  readonly #held: ClaimedTask[] = [];
  #executors = ['x1', 'x2', 'x3'];
  #names = 0;
  readonly #inboxes = new Map<string, Inbox>();
  readonly #rung = new Set<string>();
  /** The last hand-over that each executor got. */
  readonly #seen = new Map<string, number>();
  handOvers = 0;

  constructor(seed: number) {
    this.#random = numbers(seed);
  }

  #pick<Item>(list: readonly Item[]): Item {
    return list[Math.floor(this.#random() * list.length)] as Item;
  }

  #chance(part: number): boolean {
    return this.#random() < part;
  }

  async submit(): Promise<void> {
    const count = 1 + Math.floor(this.#random() * 4);
    const tasks = Array.from({ length: count }, () =>
      newTask({
        queue: this.#pick(['default', 'default', 'batch']),
        version: this.#pick(['1', '2']),
        priority: Math.floor(this.#random() * 10),
        signature: this.#pick(['a', 'a', 'b']),
        maxAttempts: this.#pick([1, 3]),
        ignoreResult: this.#chance(0.2),
        input: Buffer.alloc(this.#chance(0.1) ? 20_000 : 30),
        ...(this.#chance(0.2) ? { delayMs: 1 } : {}),
        ...(this.#chance(0.2) ? { startWithinMs: this.#pick([0, 2, 60_000]) } : {}),
        ...(this.#chance(0.3) ? { idempotency: { key: this.#pick(['k1', 'k2', 'k3']), digest: this.#pick(['d', 'e']) } } : {}),
        ...(this.#chance(0.2) ? { metadata: Buffer.alloc(50) } : {}),
        ...(this.#chance(0.2) ? { watchBy: 'server-1' } : {}),
        ...(this.#chance(0.2) ? { boundTo: 'server-1/1' } : {}),
      }),
    );
    const outcomes = await storage.tasks.submit(this.#chance(0.1) ? [...tasks, ...tasks] : tasks);
    for (const outcome of outcomes) if (outcome.kind === 'accepted') this.ids.push(outcome.id);
  }

  /** Hears bells, and what is handed to the executors that there are now; of that a message is lost now and then. */
  async listen(): Promise<void> {
    for (const name of this.#executors.filter((executor) => !this.#inboxes.has(executor))) {
      const inbox = await storage.connection.openInbox(name);
      this.#inboxes.set(name, inbox);
      inbox.onMessages((messages) => {
        for (const message of messages) {
          if (message.kind === 'bell') this.#rung.add(name);
          if (message.kind !== 'handOver' || this.#chance(0.1)) continue;
          this.handOvers++;
          this.#seen.set(name, message.number);
          this.#held.push(...message.batch.tasks);
        }
      });
    }
  }

  async deafen(): Promise<void> {
    await Promise.all([...this.#inboxes.values()].map((inbox) => inbox.close()));
  }

  #next(executor = this.#pick(this.#executors), eager = this.#chance(0.5)) {
    const handOvers = { seen: this.#seen.get(executor) ?? 0, welcome: eager };
    return claimRequest({ executor, queues, waitForBell: eager, solo: eager || this.#chance(0.5), handOvers });
  }

  async claim(): Promise<void> {
    const outcome = await storage.run.claim(this.#next());
    // An answer is lost now and then.
    if (outcome.kind === 'claimed' && this.#chance(0.9)) this.#held.push(...outcome.tasks);
  }

  #settlement(task: ClaimedTask): Settlement {
    const large = this.#chance(0.1);
    const verbs = [
      () => completed(task, Buffer.alloc(large ? 20_000 : 10)),
      () => completed(task),
      () => failed(task),
      () => retried(task, this.#pick([0, 1, 99_999])),
      () => released(task, this.#chance(0.3)),
      () => ({ verb: 'cancel', id: task.id, token: task.token, ...ran }) as const,
    ];
    return this.#pick(verbs)();
  }

  async settle(): Promise<void> {
    const tasks = this.#held.splice(0, 1 + Math.floor(this.#random() * 3));
    const settlements = tasks.map((task) => this.#settlement(task));
    const { next } = await storage.run.settle(settlements, this.#chance(0.3) ? this.#next() : undefined);
    if (next?.kind === 'claimed') this.#held.push(...next.tasks);
    // Some are sent again, and some come from attempts that are over.
    if (this.#chance(0.2)) await storage.run.settle(settlements);
    if (this.#chance(0.2)) this.#held.push(...tasks);
  }

  async emit(): Promise<void> {
    const [task] = this.#held;
    if (!task) return;
    const { chunks } = (await storage.tasks.inspect([task.id]))[0] ?? { chunks: 0 };
    await storage.run.emit([
      { ...task, kind: 'chunk', index: chunks, payload: Buffer.alloc(20) },
      { ...task, kind: 'progress', message: 'p'.repeat(this.#pick([0, 10, 200])) },
    ]);
  }

  async cancel(): Promise<void> {
    const id = this.#pick(this.ids);
    if (!id) return;
    if (this.#chance(0.2)) await storage.tasks.unbind({ id, call: 'server-1/1' }, 0);
    else await storage.tasks.cancel({ id, force: this.#chance(0.3) });
  }

  async strike(): Promise<void> {
    const executor = this.#pick(this.#executors);
    const newer = `y${this.#names++}`;
    this.#executors = this.#executors.map((name) => (name === executor ? newer : name));
    await storage.registry.strikeExecutor(executor, this.#pick(['crash', 'shutdown'] as const), 'SIGKILL');
    await storage.register(...this.#executors);
    await this.listen();
  }

  async giveBack(): Promise<void> {
    const executor = this.#pick(this.#executors);
    const { handOvers } = await storage.run.releaseUnknown(executor, this.#held);
    this.#seen.set(executor, handOvers);
  }

  async tend(): Promise<void> {
    const { promote, reclaim, repair, prune } = storage.upkeep;
    await this.#pick([promote, promote, reclaim, repair, prune, () => this.giveBack()])();
  }

  async redrive(): Promise<void> {
    const { tasks } = await storage.tasks.listDeadLetters({}, 3);
    const pairs = tasks.map(({ id }) => ({ id, newId: newId() }));
    const { redriven } = await storage.tasks.redrive(pairs);
    this.ids.push(...redriven.values());
  }

  /** Everybody takes what there is and waits for more; then there is. */
  async lull(): Promise<void> {
    for (const executor of this.#executors) while (await this.#take(executor));
    await this.submit();
  }

  async #take(executor: string): Promise<boolean> {
    const outcome = await storage.run.claim(this.#next(executor, true));
    if (outcome.kind === 'claimed') this.#held.push(...outcome.tasks);
    return outcome.kind === 'claimed';
  }

  /** Who was rung looks for work. */
  async answerBells(): Promise<void> {
    const rung = [...this.#rung];
    this.#rung.clear();
    for (const executor of rung) if (this.#executors.includes(executor)) await this.#take(executor);
  }

  /** Some acts at once. */
  async gust(): Promise<void> {
    const acts = [
      this.submit,
      this.submit,
      this.claim,
      this.claim,
      this.claim,
      this.settle,
      this.settle,
      this.emit,
      this.cancel,
      this.strike,
      this.tend,
      this.redrive,
    ];
    await Promise.all(Array.from({ length: 6 }, () => this.#pick(acts).call(this)));
  }

  /** Until nothing waits or runs any more. */
  async calm(): Promise<void> {
    for (const executor of this.#executors) await storage.registry.strikeExecutor(executor, 'shutdown', '');
    await storage.register('x1');
    for (const id of this.ids)
      if ((await storage.tasks.inspect([id]))[0]?.state === 'scheduled') await storage.tasks.cancel({ id, force: false });
    let outcome = await storage.run.claim(claimRequest({ queues }));
    while (outcome.kind === 'claimed') {
      const { next } = await storage.run.settle(
        outcome.tasks.map((task) => completed(task)),
        claimRequest({ queues }),
      );
      outcome = next ?? { kind: 'empty' };
    }
    await storage.upkeep.promote();
  }
}

/** Nothing is wrong, once the bells that are on their way were heard. */
async function allIsWell(storm: Storm): Promise<void> {
  let found: string[] = [];
  for (let look = 0; look < 20; look++) {
    await storm.answerBells();
    found = await violations(storage.redis);
    if (found.length === 0) return;
  }
  expect(found).toEqual([]);
}

test.each([1, 2, 3, 4])('whatever happens at once, nothing is lost, doubled or left behind (seed %i)', async (seed) => {
  const storm = new Storm(seed);
  await storm.listen();
  for (let turn = 0; turn < 120; turn++) {
    await storm.gust();
    if (turn % 8 === 0) await storm.lull();
    if (turn % 6 === 0) await allIsWell(storm);
  }
  await storm.deafen();
  await storm.calm();
  expect(storm.handOvers).toBeGreaterThan(0);
  const ended = await storage.tasks.inspect(storm.ids);
  expect(ended.flatMap((task) => (task && !isTerminal(task.state) ? `${task.id} is ${task.state}` : []))).toEqual([]);
  // Each ended once, and each end was counted once.
  const figures = await storage.tasks.queueStats(['default', 'batch']);
  const ends = figures.flatMap(({ endedByState }) => Object.values(endedByState)).reduce((sum, count) => sum + count, 0);
  expect(ends).toBe(new Set(storm.ids).size);
  const { tasks: letters } = await storage.tasks.listDeadLetters({}, 10_000);
  await storage.registry.retireWorker(workerEntry());
  await storage.upkeep.prune();
  const owners = new Set(letters.map(({ id }) => id));
  const left = (await remaining(storage.redis)).filter((key) => !owners.has(key.slice(-26)) && !/:(dead|dead:\w+|k:\w+)$/.test(key));
  expect(left).toEqual([]);
  expect(figures.map(({ running, scheduled, bytes }) => [running, scheduled, bytes])).toEqual([
    [0, 0, 0],
    [0, 0, 0],
  ]);
});
