/** Asks the queue for work: one claim on its way at a time, carried by a settlement where there is one to send. */

import { isFault } from '@inferq/core/store-error.ts';
import type { ClaimedBatch, ClaimOutcome, ExecutionQueue } from '@inferq/queue/queue.ts';
import type { QueueShare } from '../queue-shares.ts';
import type { Batches, Run } from './batches.ts';
import { claimAheadMs, claimRequest, covers, type Offer, offerFor } from './claim-plan.ts';
import type { Clock } from './clock.ts';
import { type HandOver, HandOvers } from './hand-overs.ts';
import { type Held, type Ledger, refOf } from './ledger.ts';
import { Average } from './prediction.ts';
import { chargeQueue, orderQueues, type Passes } from './queue-order.ts';
import { cancelOf, neverRan, releaseOf } from './settlements.ts';
import type { Settler } from './settler.ts';

const lookAroundMs = 1_000;
const soloLookMs = 1_000;
const pauseMs = 200;
const firstFaultPauseMs = 1_000;
const longestFaultPauseMs = 30_000;

export interface ClaimerParts {
  executor: string;
  worker: string;
  device: string;
  shares: readonly QueueShare[];
  queue: ExecutionQueue;
  batches: Batches;
  ledger: Ledger;
  settler: Settler;
  clock: Clock;
  /** In [0, 1). */
  random: () => number;
  /** No claim is on its way any more. */
  onAnswered: () => void;
  /** The executor was struck off and must end. */
  onStruck: () => void;
  onError: (error: unknown) => void;
}

export class Claimer {
  readonly #parts: ClaimerParts;
  readonly #roundTrip = new Average();
  readonly #handOvers = new HandOvers();
  #passes: Passes = new Map();
  #pumpIsDue = false;
  #claiming = false;
  #readingInputs = false;
  #paused = false;
  #stopping = false;
  /** An answer was lost: more may be pending under this executor's name than the ledger knows. */
  #answerLost = false;
  #wokenWhileClaiming = false;
  #faultPauseMs = firstFaultPauseMs;
  /** The queues in the order in which the last claim named them. */
  #order: readonly string[] = [];
  /** The last claim left something behind. */
  #more = false;
  /** The offer that found nothing and left the bell set. */
  #slept: Offer | undefined;
  #lastSoloLook = Number.NEGATIVE_INFINITY;
  /** The run for which a claim ahead found nothing. */
  #lookedAhead: Run | undefined;
  #takeBackWake: () => void = () => {};

  constructor(parts: ClaimerParts) {
    this.#parts = parts;
  }

  /** Sends what waits to be settled, and looks for work, once the current turn of the event loop is over. */
  pump(): void {
    if (this.#pumpIsDue) return;
    this.#pumpIsDue = true;
    this.#parts.clock.soon(() => {
      this.#pumpIsDue = false;
      void this.#send().catch(this.#parts.onError);
    });
  }

  /** The bell rang: there may be work. */
  ring(): void {
    this.#wokenWhileClaiming = this.#claiming;
    this.#wake();
  }

  /** A batch came without a claim. */
  async handedOver(message: HandOver): Promise<void> {
    if (!this.#handOvers.accept(message)) return;
    this.#wokenWhileClaiming = this.#claiming;
    this.#slept = undefined;
    const { batch, lacking } = message;
    if (lacking.length === 0) {
      this.#took(batch);
      return;
    }
    this.#readingInputs = true;
    try {
      this.#took({ ...batch, tasks: await this.#parts.queue.withInputs(batch.tasks, lacking) });
    } catch (error) {
      this.#answerLost = true;
      this.#pause(error);
    } finally {
      this.#readingInputs = false;
      this.#parts.onAnswered();
    }
  }

  /** A connection is back: answers or hand-overs may have been lost. */
  reconnected(): void {
    this.#answerLost = true;
    this.#wake();
  }

  /** Claims nothing more. What was claimed and has not begun is given back. */
  stop(): void {
    this.#stopping = true;
    this.#takeBackWake();
    for (const held of this.#parts.batches.giveUpWaiting()) this.#giveBack(held);
    this.pump();
  }

  /** Whether an answer is still to come that may bring tasks. */
  get claiming(): boolean {
    return this.#claiming || this.#readingInputs;
  }

  async #send(): Promise<void> {
    const { settler } = this.#parts;
    while (this.#answerLost && !this.claiming && !this.#paused) {
      await this.#recover();
      this.#parts.onAnswered();
    }
    const offer = this.#offer();
    if (offer) {
      await this.#claim(offer);
      this.#parts.onAnswered();
    } else if (settler.hasWaiting && !this.#claiming) {
      // Beside a claim that is on its way they wait for its answer, and go with the next.
      await settler.send().catch(() => undefined);
    }
  }

  #offer(): Offer | undefined {
    const { batches, ledger, clock } = this.#parts;
    if (this.#stopping || this.claiming || this.#paused || batches.closed) return undefined;
    const { run, lingering } = batches;
    if (run && run === this.#lookedAhead) return undefined;
    const now = clock.now();
    const leftMs = run?.predictedMs === undefined ? undefined : run.startedAt + run.predictedMs - now;
    const offer = offerFor({
      rules: batches.rules,
      steppingRows: batches.steppingRows(),
      ...(run ? { run: { predictedMs: run.predictedMs, leftMs } } : {}),
      more: this.#more,
      ...(lingering ? { lingering } : {}),
      roundTripMs: this.#roundTrip.value,
      idle: ledger.idle,
      soloDue: now - this.#lastSoloLook >= soloLookMs,
    });
    if (!offer && leftMs !== undefined && leftMs > claimAheadMs(this.#roundTrip.value)) {
      this.#wakeIn(leftMs - claimAheadMs(this.#roundTrip.value));
    }
    return offer && !(this.#slept && covers(this.#slept, offer)) ? offer : undefined;
  }

  async #claim(offer: Offer): Promise<void> {
    const { settler, queue, clock, batches } = this.#parts;
    const order = orderQueues(this.#parts.shares, this.#passes);
    const { executor, worker, device } = this.#parts;
    const handOvers = this.#handOvers.asked(offer.handOver);
    const request = claimRequest({ executor, worker, device, handOvers }, offer, order);
    this.#order = order;
    const began = clock.now();
    const ahead = batches.run;
    if (offer.solo) this.#lastSoloLook = began;
    this.#claiming = true;
    this.#wokenWhileClaiming = false;
    this.#slept = undefined;
    let outcome: ClaimOutcome | undefined;
    try {
      outcome = settler.hasWaiting ? await settler.send(request) : await queue.claim(request);
    } catch (error) {
      this.#answerLost = true;
      this.#pause(error);
      return;
    } finally {
      this.#claiming = false;
    }
    this.#faultPauseMs = firstFaultPauseMs;
    this.#roundTrip.observe(clock.now() - began);
    if (outcome?.kind === 'claimed') this.#took(outcome);
    else if (outcome?.kind === 'unregistered') this.#struck();
    else if (outcome?.kind === 'handed') this.#expectHandOver(offer);
    else this.#foundNothing(offer, ahead);
  }

  #struck(): void {
    if (!this.#stopping) this.#parts.onStruck();
  }

  #expectHandOver(offer: Offer): void {
    const lost = !this.#wokenWhileClaiming && this.#handOvers.late();
    this.#answerLost ||= lost;
    if (lost || this.#wokenWhileClaiming) {
      this.pump();
      return;
    }
    this.#slept = offer;
    this.#wakeIn(lookAroundMs);
  }

  #foundNothing(offer: Offer, ahead: Run | undefined): void {
    this.#more &&= this.#wokenWhileClaiming;
    if (!offer.waitForBell) this.#lookedAhead = ahead;
    if (!offer.waitForBell || this.#wokenWhileClaiming) {
      this.pump();
      return;
    }
    this.#slept = offer;
    this.#wakeIn(lookAroundMs * (0.8 + 0.4 * this.#parts.random()));
    // What changed while the claim was on its way may allow more than it asked for.
    this.pump();
  }

  #took({ tasks, more }: ClaimedBatch): void {
    const { ledger, settler, batches, shares } = this.#parts;
    this.#more = more;
    this.pump();
    const [first] = tasks;
    if (!first) return;
    const rows = tasks.reduce((sum, task) => sum + task.rows, 0);
    this.#passes = chargeQueue(shares, this.#passes, this.#order, first.pool.queue, rows);
    const batch = tasks.map((task) => ledger.add(task));
    for (const held of batch) {
      if (held.cancelRequested) settler.add(held, cancelOf(held, neverRan));
      else if (this.#stopping) this.#giveBack(held);
    }
    batches.place(batch.filter((held) => held.fate === 'live'));
  }

  #giveBack(held: Held): void {
    this.#parts.settler.add(held, releaseOf(held, neverRan, false));
  }

  #wake(): void {
    this.#slept = undefined;
    this.pump();
  }

  #wakeIn(ms: number): void {
    this.#takeBackWake();
    this.#takeBackWake = this.#parts.clock.after(ms, () => this.#wake());
  }

  /** Waits before the next call. What failed is in the log already; after a fault, which may last, each pause is longer than the one before. */
  #pause(error: unknown): void {
    const ms = isFault(error) ? this.#faultPauseMs : pauseMs;
    if (isFault(error)) this.#faultPauseMs = Math.min(2 * ms, longestFaultPauseMs);
    this.#paused = true;
    this.pump();
    this.#parts.clock.after(ms, () => {
      this.#paused = false;
      this.pump();
    });
  }

  /** Gives back what a lost answer assigned to this executor. */
  async #recover(): Promise<void> {
    const { queue, ledger, executor } = this.#parts;
    this.#claiming = true;
    this.#answerLost = false;
    this.#handOvers.givingBack();
    try {
      const { handOvers } = await queue.releaseUnknown(executor, ledger.ours().map(refOf));
      this.#handOvers.givenBack(handOvers);
      // It has taken the bell away.
      this.#slept = undefined;
    } catch (error) {
      // What cannot be given back like this is taken over by others when its lease runs out.
      this.#answerLost = !isFault(error);
      if (!this.#answerLost) this.#handOvers.kept();
      this.#pause(error);
    } finally {
      this.#claiming = false;
    }
  }
}
