/**
 * What the engine works on, and what waits for it. One run holds the engine at a time, and at most one more batch is held
 * behind it; the engine has that batch already where it is of the same model, so that it need not ask for it between two
 * runs. Continuous models take new items between their steps. A task that must run alone waits for all others.
 */

import type { Engine } from '../engine.ts';
import { type BatchRule, batchRuleOf, lingerLeftMs, mayShareRun, rowsOf } from './claim-plan.ts';
import type { Clock } from './clock.ts';
import { type Held, type Ledger, modelOf } from './ledger.ts';
import { RunTimes } from './prediction.ts';

/** How much longer than predicted a run may take before what waits behind it is given back. */
const patienceMs = 1_000;

export interface Run {
  /** The engine's number of it. */
  readonly number: number;
  readonly model: string;
  readonly rows: number;
  readonly startedAt: number;
  /** How long it is expected to take; undefined where no run of its size was seen. */
  readonly predictedMs: number | undefined;
}

export class Batches {
  readonly rules: readonly BatchRule[];
  readonly #engine: Engine;
  readonly #ledger: Ledger;
  readonly #clock: Clock;
  readonly #onRoom: () => void;
  readonly #runTimes = new RunTimes();
  #run: Run | undefined;
  #waiting: Held[] = [];
  /** The engine's number of what waits, where it has that already. */
  #sent: number | undefined;
  #lingering: { batch: Held[]; takeBack: () => void } | undefined;

  /** `onRoom` is called when more may be claimed than before. */
  constructor(engine: Engine, ledger: Ledger, clock: Clock, onRoom: () => void) {
    this.rules = engine.models.map(batchRuleOf);
    this.#engine = engine;
    this.#ledger = ledger;
    this.#clock = clock;
    this.#onRoom = onRoom;
  }

  get run(): Run | undefined {
    return this.#run;
  }

  /** Whether nothing more may be claimed: a batch waits already, or a task must be alone. */
  get closed(): boolean {
    return this.#waiting.length > 0 || this.#ledger.entries().some((held) => held.task.solo && (held.inEngine || held.fate === 'live'));
  }

  get lingering(): { key: string; rows: number } | undefined {
    const batch = this.#lingering?.batch;
    return batch?.[0] && { key: batch[0].model, rows: heldRows(batch) };
  }

  /** Rows that continuous models have in hand, by model key. */
  steppingRows(): Map<string, number> {
    const rows = new Map<string, number>();
    for (const held of this.#ledger.entries()) {
      if (held.inEngine && this.#ruleOf(held).continuous) rows.set(held.model, (rows.get(held.model) ?? 0) + held.task.rows);
    }
    return rows;
  }

  /** Starts a claimed batch, or holds it until it may start. */
  place(batch: Held[]): void {
    const [first] = batch;
    if (!first) return;
    const lingering = this.#lingering;
    if (lingering?.batch[0] && mayShareRun(lingering.batch[0].task, first.task)) {
      lingering.batch.push(...batch);
      if (heldRows(lingering.batch) >= this.#ruleOf(first).maxRows) this.#endLinger();
      return;
    }
    const lingerMs = this.#lingerMs(batch, first);
    if (lingerMs > 0) {
      this.#lingering = { batch, takeBack: this.#clock.after(lingerMs, () => this.#endLinger()) };
      return;
    }
    this.#waiting = batch;
    if (lingering) this.#endLinger();
    else this.advance();
  }

  /** Starts what waits, unless something runs that it must not join. To be called whenever an attempt ends or leaves the engine. */
  advance(): void {
    const over = this.#waiting.filter((held) => held.fate !== 'live');
    if (over.length > 0) {
      this.#takeBack(over);
      this.#waiting = this.#waiting.filter((held) => held.fate === 'live');
    }
    const [first] = this.#waiting;
    const barred = this.#run || (first?.task.solo && this.#ledger.entries().some((held) => held.inEngine));
    if (first && !barred) this.#start(this.#waiting.splice(0));
    else if (first && this.#run?.model === first.model && !first.task.solo) this.#sent ??= this.#send(this.#waiting);
    if (this.#waiting.length === 0) this.#sent = undefined;
    this.#onRoom();
  }

  /** The model of a run that goes on past its hard limit though all its tasks are settled; undefined where there is none. */
  overstayed(now: number): string | undefined {
    const run = this.#run;
    if (!run || this.#ledger.entries().some((held) => held.inEngine && held.model === run.model)) return undefined;
    const limitMs = this.rules.find(({ key }) => key === run.model)?.hardLimitMs ?? 0;
    return now - run.startedAt >= limitMs ? run.model : undefined;
  }

  /** The engine is done with this batch: with the one that runs, or with one that was taken back before it ran. */
  callEnded(number: number): void {
    const run = this.#run;
    if (run?.number !== number) return;
    this.#runTimes.observe(run.model, run.rows, this.#clock.now() - run.startedAt);
    this.#run = undefined;
    this.advance();
  }

  /** Whether a run is under way that may well take as long as it has taken. */
  onSchedule(now: number): boolean {
    const run = this.#run;
    return run !== undefined && now - run.startedAt - (run.predictedMs ?? 0) < patienceMs;
  }

  /**
   * What waits behind a run that is long past its predicted end: others may start it sooner. Of such a run nothing is predicted
   * any more, so that nothing else is claimed ahead of its end.
   */
  stalled(now: number): Held[] {
    const run = this.#run;
    if (!run || this.onSchedule(now)) return [];
    if (run.predictedMs !== undefined) this.#run = { ...run, predictedMs: undefined };
    return this.#waiting.filter((held) => held.fate === 'live');
  }

  /** Hands back what has not begun; it will not begin any more. */
  giveUpWaiting(): Held[] {
    this.#lingering?.takeBack();
    const waiting = [...this.#waiting, ...(this.#lingering?.batch ?? [])];
    this.#takeBack(this.#waiting);
    this.#sent = undefined;
    this.#waiting = [];
    this.#lingering = undefined;
    return waiting.filter((held) => held.fate === 'live');
  }

  #lingerMs(batch: readonly Held[], first: Held): number {
    const rule = this.#ruleOf(first);
    const greedy = this.#run || this.#lingering || rule.continuous || first.task.solo || heldRows(batch) >= rule.maxRows;
    return greedy
      ? 0
      : lingerLeftMs(
          batch.map(({ task }) => task),
          rule.lingerMs,
        );
  }

  #endLinger(): void {
    const lingering = this.#lingering;
    if (!lingering) return;
    lingering.takeBack();
    this.#lingering = undefined;
    this.#start(lingering.batch);
    this.advance();
  }

  #start(batch: readonly Held[]): void {
    const live = batch.filter((held) => held.fate === 'live');
    const [first] = live;
    if (!first) return;
    const number = this.#sent ?? this.#send(live);
    const now = this.#clock.now();
    for (const held of live) this.#ledger.enterEngine(held, now);
    if (this.#ruleOf(first).continuous) return;
    const rows = heldRows(live);
    this.#run = { number, model: first.model, rows, startedAt: now, predictedMs: this.#runTimes.predict(first.model, rows) };
  }

  #send(batch: readonly Held[]): number {
    const [first] = batch as [Held];
    const tasks = batch.map(({ key, task }) => ({ key, id: task.id, attempt: task.attempt, rows: task.rows, input: task.input }));
    return this.#engine.start(modelOf(first.task), tasks);
  }

  /** What will not run any more must not run either where the engine has it already. */
  #takeBack(batch: readonly Held[]): void {
    if (this.#sent !== undefined) for (const { key } of batch) this.#engine.abort(key, 'cancel');
  }

  #ruleOf(held: Held): BatchRule {
    const rule = this.rules.find(({ key }) => key === held.model);
    if (!rule) throw new Error(`claimed a task of ${held.model}, which is not loaded`);
    return rule;
  }
}

function heldRows(batch: readonly Held[]): number {
  return rowsOf(batch.map(({ task }) => task));
}
