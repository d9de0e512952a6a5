/** Where one watch stands in its task's history, and what a message means to it. Pure but for its own position. */

import type { ChunkRecord, TaskSnapshot } from '@inferq/core/task.ts';

/** `next`: deliver it; `old`: known already; `gap`: something before it was missed. */
export type Verdict = 'next' | 'old' | 'gap';

/** What of a snapshot the next one is compared with: the whole may hold much, and belongs to a larger reply. */
type Standing = Pick<TaskSnapshot, 'state' | 'attempt' | 'version' | 'cancelRequested' | 'progress'>;

function standingOf({ state, attempt, version, cancelRequested, progress }: TaskSnapshot): Standing {
  return { state, attempt, version, cancelRequested, ...(progress === undefined ? {} : { progress }) };
}

/** Keeps sequences strictly rising and chunk indices without a gap. */
export class WatchProgress {
  /** Sequence of the last thing delivered. */
  sequence: number;
  /** Sequence up to which the log needs no reading. */
  #chunkSequence: number;
  #attempt: number;
  /** Undefined: the next chunk is the first that this watch sees of an attempt that began before it. */
  #nextIndex: number | undefined;
  #last: Standing | undefined;

  /** For a task that nothing was seen of yet. */
  constructor() {
    this.sequence = 0;
    this.#chunkSequence = 0;
    this.#attempt = 0;
    this.#nextIndex = 0;
  }

  /**
   * Starts from the snapshot that was given to the watcher first. With `chunksAfter`, the current attempt's chunks behind that
   * sequence are still to come; without, none of those that the snapshot counts.
   */
  startFrom(first: TaskSnapshot, chunksAfter: number | undefined): void {
    this.sequence = first.sequence;
    this.#attempt = first.attempt;
    this.#last = standingOf(first);
    this.#chunkSequence = chunksAfter ?? first.lastChunkSequence;
    if (chunksAfter === undefined) this.#nextIndex = first.chunks;
    else this.#nextIndex = chunksAfter === 0 ? 0 : undefined;
  }

  get chunkSequence(): number {
    return this.#chunkSequence;
  }

  judgeChunk({ sequence, attempt, index }: ChunkRecord): Verdict {
    if (sequence <= this.sequence || attempt < this.#attempt) return 'old';
    if (attempt > this.#attempt) return index === 0 ? 'next' : 'gap';
    if (this.#nextIndex === undefined || index === this.#nextIndex) return 'next';
    return index > this.#nextIndex ? 'gap' : 'old';
  }

  tookChunk({ sequence, attempt, index }: ChunkRecord): void {
    this.sequence = sequence;
    this.#chunkSequence = sequence;
    this.#attempt = attempt;
    this.#nextIndex = index + 1;
  }

  /** The log up to here holds nothing more for this watch. */
  passOver(sequence: number): void {
    this.#chunkSequence = Math.max(this.#chunkSequence, sequence);
  }

  judgeSnapshot(snapshot: TaskSnapshot): Verdict {
    if (snapshot.sequence <= this.sequence || snapshot.attempt < this.#attempt) return 'old';
    return this.lacksChunks(snapshot) ? 'gap' : 'next';
  }

  /** Whether the snapshot counts chunks of its attempt that were not delivered. */
  lacksChunks({ attempt, chunks, lastChunkSequence }: TaskSnapshot): boolean {
    if (attempt > this.#attempt) return chunks > 0;
    if (this.#nextIndex === undefined) return lastChunkSequence > this.#chunkSequence;
    return chunks > this.#nextIndex;
  }

  /** Notes a delivered snapshot; tells whether it changed more than the run's progress. */
  tookSnapshot(snapshot: TaskSnapshot): 'state' | 'progress' {
    const last = this.#last;
    this.#last = standingOf(snapshot);
    this.sequence = snapshot.sequence;
    if (snapshot.attempt > this.#attempt) {
      this.#attempt = snapshot.attempt;
      this.#nextIndex = 0;
    }
    return last !== undefined && onlyProgressed(last, snapshot) ? 'progress' : 'state';
  }
}

function onlyProgressed(last: Standing, next: TaskSnapshot): boolean {
  return (
    last.state === next.state &&
    last.attempt === next.attempt &&
    last.cancelRequested === next.cancelRequested &&
    last.version === next.version &&
    next.progress !== undefined &&
    (last.progress?.fraction !== next.progress.fraction || last.progress?.message !== next.progress.message)
  );
}
