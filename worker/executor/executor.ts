/** One consumer-group member: wires its engine, its inbox, its leases and its limits to what follows from them. */

import type { ExecutionQueue, Inbox } from '@inferq/queue/queue.ts';
import type { Engine, EngineListener } from '../engine.ts';
import { Attempts } from './attempts.ts';
import { Batches } from './batches.ts';
import { Claimer } from './claimer.ts';
import type { Clock } from './clock.ts';
import { keepLeases } from './lease-keeper.ts';
import { Ledger } from './ledger.ts';
import { keepLimits } from './limit-keeper.ts';
import type { EndReason, ExecutorOptions } from './messages.ts';
import { Pulse } from './pulse.ts';
import { Settler } from './settler.ts';

export interface ExecutorParts {
  identity: Pick<ExecutorOptions, 'name' | 'worker' | 'device' | 'shares' | 'leaseMs'>;
  queue: ExecutionQueue;
  clock: Clock;
  /** In [0, 1). */
  random: () => number;
  /** The executor must end. What it could settle is settled. */
  onEnd: (reason: EndReason, message: string) => void;
  onError: (error: unknown) => void;
}

export class Executor {
  readonly engine: Engine;
  readonly #parts: ExecutorParts;
  readonly #ledger = new Ledger();
  readonly #settler: Settler;
  readonly #attempts: Attempts;
  readonly #batches: Batches;
  readonly #claimer: Claimer;
  readonly #takeBacks: (() => void)[] = [];
  #waiting: { until: () => boolean; resolve: () => void }[] = [];
  #ending = false;

  /** `openEngine` starts the engine with the listener that is given to it; where it throws, so does this. */
  static async open(parts: ExecutorParts, openEngine: (listener: EngineListener) => Promise<Engine>): Promise<Executor> {
    let opened: Executor | undefined;
    // Nothing was started before it is opened, so nothing comes for it earlier.
    const tell = (what: (executor: Executor) => void) => opened && what(opened);
    const engine = await openEngine({
      settled: (key, outcome, facts) => tell((executor) => executor.#attempts.ended(key, outcome, facts)),
      chunk: (key, payload, done) => tell((executor) => executor.#attempts.chunk(key, payload, done)),
      progress: (key, fraction, message) => tell((executor) => executor.#attempts.progress(key, fraction, message)),
      callEnded: (run) => tell((executor) => executor.#batches.callEnded(run)),
      broken: (error) => tell((executor) => void executor.end('broken', error.message)),
      faulty: (error) => tell((executor) => executor.fault(error.message)),
    });
    opened = new Executor(parts, engine);
    return opened;
  }

  private constructor(parts: ExecutorParts, engine: Engine) {
    const { queue, clock, random, identity } = parts;
    const ledger = this.#ledger;
    this.#parts = parts;
    this.engine = engine;
    this.#settler = new Settler(queue, ledger, clock, () => this.#check());
    this.#batches = new Batches(engine, ledger, clock, () => {
      this.#claimer.pump();
      this.#check();
    });
    this.#attempts = new Attempts({
      engine,
      queue,
      ledger,
      settler: this.#settler,
      clock,
      random,
      onChange: () => this.#batches.advance(),
    });
    this.#claimer = new Claimer({
      executor: identity.name,
      worker: identity.worker,
      device: identity.device,
      shares: identity.shares,
      queue,
      batches: this.#batches,
      ledger,
      settler: this.#settler,
      clock,
      random,
      onAnswered: () => this.#check(),
      onStruck: () => void this.end('struck', 'the queue does not know this executor any more'),
      onError: parts.onError,
    });
  }

  /** Starts to claim. The executor must be registered by now. */
  start(inbox: Inbox): void {
    const { identity, queue, clock } = this.#parts;
    const attempts = this.#attempts;
    inbox.onMessages((messages) => {
      for (const message of messages) {
        if (message.kind === 'bell') this.#claimer.ring();
        if (message.kind === 'handOver') void this.#claimer.handedOver(message);
        if (message.kind === 'cancel') for (const held of this.#ledger.liveOf(message.id)) attempts.cancel(held);
      }
    });
    inbox.onResumed(() => this.#claimer.reconnected());
    this.#takeBacks.push(
      keepLeases({
        executor: identity.name,
        leaseMs: identity.leaseMs,
        queue,
        ledger: this.#ledger,
        clock,
        onCancel: (held) => attempts.cancel(held),
        onLost: (held) => attempts.lose(held),
      }),
      keepLimits(this.#ledger, attempts, this.#batches, clock, new Pulse(this.engine), (what) => void this.end('stuck', what)),
    );
    this.#claimer.pump();
  }

  /** The connection is back after it was lost. */
  reconnected(): void {
    this.#claimer.reconnected();
  }

  /**
   * Claims nothing more, lets what runs finish within `graceMs`, and gives back the rest. Resolves when every settlement is
   * answered. Called again, it shortens the grace.
   */
  async stop(graceMs: number): Promise<void> {
    this.#claimer.stop();
    this.#takeBacks.push(this.#parts.clock.after(graceMs, () => this.#releaseAll({ suspects: false })));
    await this.#until(() => this.#answered && this.#ledger.ours().length === 0);
    this.#close();
  }

  /**
   * Something went wrong in this process that no task is known to have caused. What runs is given back uncharged, to run alone; a task that
   * runs alone because of such a thing, and meets it again, is charged, so that it comes to an end.
   */
  fault(message: string): void {
    const [only, ...others] = this.#ledger.entries().filter((held) => held.inEngine && held.fate === 'live');
    void this.end(only?.task.solo && others.length === 0 ? 'broken' : 'stuck', message);
  }

  /** Gives back what it holds, unless that dies with the engine; waits at most a lease for the answer, and then asks to be ended. */
  async end(reason: EndReason, message: string): Promise<void> {
    if (this.#ending) return;
    this.#ending = true;
    this.#claimer.stop();
    // Whatever the engine has may be what does not end. Nothing is proven, so nothing is charged.
    if (reason === 'stuck') this.#releaseAll({ suspects: true });
    if (reason !== 'struck') {
      const { clock, identity } = this.#parts;
      const patience = new Promise<void>((resolve) => this.#takeBacks.push(clock.after(identity.leaseMs, resolve)));
      await Promise.race([patience, this.#until(() => this.#answered)]);
    }
    this.#close();
    this.#parts.onEnd(reason, message);
  }

  get #answered(): boolean {
    return this.#settler.done && !this.#claimer.claiming;
  }

  /** With `suspects`, what is in the engine must next run alone. */
  #releaseAll({ suspects }: { suspects: boolean }): void {
    for (const held of this.#ledger.ours()) if (held.fate === 'live') this.#attempts.release(held, suspects && held.inEngine);
  }

  #until(until: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push({ until, resolve });
      this.#check();
    });
  }

  #check(): void {
    this.#waiting = this.#waiting.filter(({ until, resolve }) => {
      const met = until();
      if (met) resolve();
      return !met;
    });
  }

  #close(): void {
    for (const takeBack of this.#takeBacks.splice(0)) takeBack();
  }
}
