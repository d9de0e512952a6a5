/** One watch of one task: turns hints from the inbox, and the record and log behind them, into its events. */

import { limits } from '@inferq/core/limits.ts';
import { StoreError } from '@inferq/core/store-error.ts';
import { type ChunkRecord, isTerminal, type TaskSnapshot } from '@inferq/core/task.ts';
import type { SubmissionQueue } from '@inferq/queue/queue.ts';
import { type TaskView, type ViewEvent, WatchBroken } from '../../broker.ts';
import type { Clock } from '../clock.ts';
import { refusalOf, shuttingDown } from '../store-failure.ts';
import { historyGone, refuseExpired } from '../unknown-task.ts';
import { lacksOutput, type Views } from '../view.ts';
import type { Listener, TaskMessage, WatchHub } from './hub.ts';
import { ownChunk, ownSnapshot } from './own-bytes.ts';
import { WatchProgress } from './progress.ts';

const pageBytes = 32 * 1_024;
/** What one look at record and log may bring into memory. */
const lookBytes = pageBytes + limits.inlineBytes;
/** About what an event weighs besides its payload. */
const eventBytes = 512;
/** Messages that come while a look is under way; beyond that, another look takes their place. */
const heldMessages = 64;

export interface FeedParts {
  hub: WatchHub;
  submission: Pick<SubmissionQueue, 'readChunks'>;
  views: Views;
  clock: Clock;
}

export interface FeedOptions {
  /** Whether outputs are wanted. */
  outputs: boolean;
  /** Nothing but the last event is wanted. */
  endOnly: boolean;
}

/** Where a feed's events go. `end` comes once, last; with an error where the terminal event will not come. */
export interface FeedTarget {
  readonly hasRoom: boolean;
  reserve(bytes: number): Promise<void>;
  release(bytes: number): void;
  put(event: ViewEvent, bytes: number): void;
  end(error?: Error): void;
}

/** Hears of its task from its construction on; delivers once `begin` was called. */
export class Feed implements Listener {
  readonly taskId: string;
  readonly #parts: FeedParts;
  readonly #target: FeedTarget;
  readonly #outputs: boolean;
  readonly #endOnly: boolean;
  readonly #progress = new WatchProgress();
  /** What came while messages are not delivered as they come; undefined while they are. */
  #held: TaskMessage[] | undefined = [];
  /** A look is to come: it finds all that comes before it. */
  #waiting = false;
  /** Messages alone no longer tell everything. */
  #missed = false;
  #over = false;

  constructor(taskId: string, { outputs, endOnly }: FeedOptions, parts: FeedParts, target: FeedTarget) {
    this.taskId = taskId;
    this.#outputs = outputs;
    this.#endOnly = endOnly;
    this.#parts = parts;
    this.#target = target;
    parts.hub.enter(this);
  }

  /** Delivers what comes after `first`, which the watcher was given; without it, all of a task that was just submitted. */
  begin(first?: TaskSnapshot, chunksAfter?: number): void {
    if (this.#over) return;
    if (first !== undefined) this.#progress.startFrom(first, chunksAfter);
    if (first !== undefined && isTerminal(first.state)) this.#end();
    else if (chunksAfter !== undefined || !this.#deliverHeld()) void this.#catchUp();
  }

  /** Nothing follows: the task has ended, the watch broke, or the watcher left. */
  get over(): boolean {
    return this.#over;
  }

  /** The watcher is no longer interested. `registered`: the task's record may name the inbox. */
  leave(registered = true): void {
    if (!this.#over) this.#parts.hub.leave(this, !registered);
    this.#over = true;
  }

  hear(message: TaskMessage): void {
    if (this.#waiting) return;
    if (this.#held === undefined) {
      if (!this.#deliver(message)) void this.#catchUp();
    } else if (this.#held.length === heldMessages) {
      this.#missed = true;
    } else {
      this.#held.push(message);
    }
  }

  resumed(): void {
    this.#missed = true;
    if (this.#held === undefined) void this.#catchUp();
  }

  stopped(): void {
    this.#end(new WatchBroken(shuttingDown));
  }

  /** False where record and log must be read instead. */
  #deliver(message: TaskMessage): boolean {
    if (message.kind === 'wake') return false;
    if (this.#endOnly) return this.#deliverEnd(message);
    const chunk = message.kind === 'chunk';
    const verdict = chunk ? this.#progress.judgeChunk(message.chunk) : this.#progress.judgeSnapshot(message.snapshot);
    if (verdict === 'old') return true;
    if (verdict === 'gap' || !this.#target.hasRoom) return false;
    if (chunk) this.#putChunk(message.chunk);
    else if (lacksOutput(message.snapshot, this.#outputs)) return false;
    else this.#putSnapshot(this.#parts.views.inline(ownSnapshot(message.snapshot), this.#outputs), message.time);
    return true;
  }

  #deliverEnd(message: Exclude<TaskMessage, { kind: 'wake' }>): boolean {
    if (message.kind === 'chunk' || !isTerminal(message.snapshot.state)) return true;
    if (!this.#target.hasRoom || lacksOutput(message.snapshot, this.#outputs)) return false;
    this.#putSnapshot(this.#parts.views.inline(ownSnapshot(message.snapshot), this.#outputs), message.time);
    return true;
  }

  /** Delivers what was held and goes live; false where that is not enough. */
  #deliverHeld(): boolean {
    if (this.#missed) return false;
    for (const message of this.#held ?? []) {
      if (this.#over) return true;
      if (!this.#deliver(message)) return false;
    }
    this.#held = undefined;
    return true;
  }

  /** Reads record and log, at the reader's pace, until messages tell everything again. */
  async #catchUp(): Promise<void> {
    try {
      do {
        // However long the reader takes to make room, nothing is held for it meanwhile.
        this.#held = [];
        this.#waiting = true;
        const found = await this.#holding(lookBytes, () => this.#look());
        if (found === 'more') this.#missed = true;
        else if (found !== undefined && found !== 'all') return await this.#finish(found);
      } while (!this.#over && !this.#deliverHeld());
    } catch (error) {
      this.#end(error instanceof StoreError ? new WatchBroken(refusalOf(error)) : (error as Error));
    }
  }

  /** Runs `work` with room for `bytes` set aside, again while the store fails; undefined once nobody waits for it. */
  async #holding<T>(bytes: number, work: () => Promise<T>): Promise<T | undefined> {
    await this.#target.reserve(bytes);
    try {
      return this.#over ? undefined : await this.#parts.hub.persist(work);
    } finally {
      this.#target.release(bytes);
    }
  }

  /** Delivers the next part of what is missing. Answers the task where it has ended and only its end is missing. */
  async #look(): Promise<TaskSnapshot | 'more' | 'all'> {
    this.#waiting = false;
    this.#held = [];
    this.#missed = false;
    const { hub, submission, views, clock } = this.#parts;
    const found = await hub.inspect(this.taskId);
    if (found === undefined) throw new WatchBroken(refuseExpired(this.taskId));
    const snapshot = ownSnapshot(found);
    if (this.#endOnly) return isTerminal(snapshot.state) ? snapshot : 'all';
    const showStanding = () => {
      if (this.#progress.judgeSnapshot(snapshot) === 'next') this.#putSnapshot(views.inline(snapshot, this.#outputs), clock.now());
    };
    if (this.#progress.lacksChunks(snapshot)) {
      const page = await hub.inTurn(() => submission.readChunks(this.taskId, this.#progress.chunkSequence, pageBytes));
      if (page === 'gone') throw new WatchBroken(historyGone(this.taskId));
      for (const chunk of page.chunks) {
        if (chunk.sequence > snapshot.sequence) showStanding();
        if (chunk.attempt >= snapshot.attempt) this.#putLogged(chunk);
        this.#progress.passOver(chunk.sequence);
      }
      if (page.more) return 'more';
      if (this.#progress.lacksChunks(snapshot)) throw new WatchBroken(historyGone(this.taskId));
    }
    if (isTerminal(snapshot.state)) return snapshot;
    showStanding();
    return 'all';
  }

  async #finish(snapshot: TaskSnapshot): Promise<void> {
    const view = await this.#holding(snapshot.outputBytes, () => this.#parts.views.full(snapshot, this.#outputs));
    if (view !== undefined && !this.#over) this.#putSnapshot(view, snapshot.endedAt ?? this.#parts.clock.now());
  }

  #putLogged(chunk: ChunkRecord): void {
    const verdict = this.#progress.judgeChunk(chunk);
    if (verdict === 'gap') throw new WatchBroken(historyGone(this.taskId));
    if (verdict === 'next') this.#putChunk(chunk);
  }

  #putChunk(chunk: ChunkRecord): void {
    if (this.#over) return;
    this.#progress.tookChunk(chunk);
    this.#target.put({ kind: 'chunk', chunk: ownChunk(chunk) }, eventBytes + chunk.payload.length);
  }

  #putSnapshot(view: TaskView, time: number): void {
    if (this.#over) return;
    const kind = this.#progress.tookSnapshot(view.snapshot);
    this.#target.put({ kind, time, view }, eventBytes + (view.output?.length ?? 0));
    if (isTerminal(view.snapshot.state)) this.#end();
  }

  #end(error?: Error): void {
    if (this.#over) return;
    this.#over = true;
    this.#parts.hub.leave(this, error === undefined);
    this.#target.end(error);
  }
}
