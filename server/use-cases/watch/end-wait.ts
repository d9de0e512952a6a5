/** Waiting for a task's end and nothing else: what Submit and GetResult with `wait` do. */

import { isTerminal, type TaskSnapshot } from '@inferq/core/task.ts';
import type { Clock } from '../clock.ts';
import type { Listener, TaskMessage, WatchHub } from './hub.ts';

/** `over`: the wait ran out, the caller left, or the server stops; `vanished`: the record is gone. */
export type WaitOutcome = { kind: 'ended'; snapshot: TaskSnapshot } | { kind: 'over' } | { kind: 'vanished' };

/** Hears of one task from its construction on, which comes before the script that registers the inbox. Call `leave` in the end. */
export class EndWait implements Listener {
  readonly taskId: string;
  readonly #hub: WatchHub;
  readonly #outcome = Promise.withResolvers<WaitOutcome>();
  #settled = false;
  #reading = false;
  #stale = false;
  /** The task is there: a read that is sent from now on finds its record, unless that has gone. */
  #stored = false;

  constructor(hub: WatchHub, taskId: string) {
    this.#hub = hub;
    // Where a read fails before anybody waits, whoever waits later is told.
    this.#outcome.promise.catch(() => undefined);
    this.taskId = taskId;
    hub.enter(this);
  }

  /** Resolves with the end, or after `ms`, or when `signal` fires. To be called once the task is stored. Throws where its record cannot be read. */
  async within(ms: number, clock: Clock, signal: AbortSignal): Promise<WaitOutcome> {
    this.#stored = true;
    const giveUp = () => this.#outcome.resolve({ kind: 'over' });
    if (signal.aborted) giveUp();
    const cancelTimer = clock.after(ms, giveUp);
    signal.addEventListener('abort', giveUp);
    try {
      return await this.#outcome.promise;
    } finally {
      cancelTimer();
      signal.removeEventListener('abort', giveUp);
    }
  }

  /** `registered`: the task's record may name the inbox. */
  leave(registered = true): void {
    this.#hub.leave(this, this.#settled || !registered);
  }

  hear(message: TaskMessage): void {
    if (message.kind === 'snapshot') this.see(message.snapshot);
    else if (message.kind === 'wake') this.resumed();
  }

  /** Takes a snapshot that came another way. */
  see(snapshot: TaskSnapshot): void {
    if (isTerminal(snapshot.state)) this.#settle({ kind: 'ended', snapshot });
  }

  resumed(): void {
    this.#stale = true;
    if (!this.#reading) void this.#read();
  }

  stopped(): void {
    this.#settle({ kind: 'over' });
  }

  async #read(): Promise<void> {
    this.#reading = true;
    try {
      await this.#readUntilCurrent();
    } catch (error) {
      this.#settled = true;
      this.#outcome.reject(error);
    } finally {
      this.#reading = false;
    }
  }

  /** Reads until no message came while a read was under way: that read may have come before what the message tells of. */
  async #readUntilCurrent(): Promise<void> {
    while (this.#stale && !this.#settled) {
      this.#stale = false;
      const stored = this.#stored;
      const read = await this.#hub.persist(async () => ({ snapshot: await this.#hub.inspect(this.taskId) }));
      if (read === undefined) return;
      if (read.snapshot !== undefined) this.see(read.snapshot);
      // A reconnect while the submit was under way: its script is yet to come, and registers the inbox itself.
      else if (stored) this.#settle({ kind: 'vanished' });
    }
  }

  #settle(outcome: WaitOutcome): void {
    this.#settled = true;
    this.#outcome.resolve(outcome);
  }
}
