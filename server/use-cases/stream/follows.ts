/** The tasks whose events go back on one stream. */

import type { TaskSnapshot } from '@inferq/core/task.ts';
import type { SubmissionQueue } from '@inferq/queue/queue.ts';
import { type StreamReply, type ViewEvent, WatchBroken } from '../../broker.ts';
import { Feed, type FeedParts, type FeedTarget } from '../watch/feed.ts';
import type { Outbox } from '../watch/outbox.ts';

export interface FollowParts extends FeedParts {
  submission: Pick<SubmissionQueue, 'readChunks' | 'cancel'>;
}

export interface FollowRequest {
  correlationId: string;
  taskId: string;
  outputs: boolean;
  endOnly: boolean;
  cancelOnDisconnect: boolean;
}

export class Follows {
  readonly #parts: FollowParts;
  readonly #outbox: Outbox<StreamReply>;
  readonly #onEnd: () => void;
  readonly #open = new Map<string, Follow>();

  /** `onEnd` is called after each follow's last reply. */
  constructor(parts: FollowParts, outbox: Outbox<StreamReply>, onEnd: () => void) {
    this.#parts = parts;
    this.#outbox = outbox;
    this.#onEnd = onEnd;
  }

  get size(): number {
    return this.#open.size;
  }

  has(taskId: string): boolean {
    return this.#open.has(taskId);
  }

  /** Hears of the task from now on; its events come after `begin` on what is returned. */
  open(request: FollowRequest): Follow {
    const follow = new Follow(request, this.#parts, this.#outbox, () => {
      this.#open.delete(request.taskId);
      this.#onEnd();
    });
    // A stream that ended while its items were under way follows nothing any more.
    if (this.#outbox.ended) follow.drop();
    else this.#open.set(request.taskId, follow);
    return follow;
  }

  /** The client has gone: cancels what it wanted cancelled. */
  cancelBound(): void {
    for (const { request, feed } of this.#open.values()) {
      if (!request.cancelOnDisconnect || feed.over) continue;
      this.#parts.hub.inBackground(() => this.#parts.submission.cancel({ id: request.taskId, force: false }));
    }
  }

  leave(): void {
    for (const follow of [...this.#open.values()]) follow.drop();
  }
}

/** One followed task. */
export class Follow implements FeedTarget {
  readonly request: FollowRequest;
  readonly feed: Feed;
  readonly #outbox: Outbox<StreamReply>;
  readonly #closed: () => void;

  constructor(request: FollowRequest, parts: FollowParts, outbox: Outbox<StreamReply>, closed: () => void) {
    this.request = request;
    this.#outbox = outbox;
    this.#closed = closed;
    this.feed = new Feed(request.taskId, request, parts, this);
  }

  /** See Feed.begin; the reply that names the task must be out before. */
  begin(first?: TaskSnapshot, chunksAfter?: number): void {
    this.feed.begin(first, chunksAfter);
  }

  /** Follows no longer. `registered`: the task's record may name the inbox. */
  drop(registered = true): void {
    this.feed.leave(registered);
    this.#closed();
  }

  get hasRoom(): boolean {
    return this.#outbox.hasRoom;
  }

  reserve(bytes: number): Promise<void> {
    return this.#outbox.reserve(bytes);
  }

  release(bytes: number): void {
    this.#outbox.release(bytes);
  }

  put(event: ViewEvent, bytes: number): void {
    this.#outbox.put({ kind: 'event', taskId: this.request.taskId, event }, bytes);
  }

  end(error?: Error): void {
    if (error instanceof WatchBroken) {
      this.#outbox.put({ kind: 'refused', correlationId: this.request.correlationId, refusal: error.refusal }, 0);
    } else if (error !== undefined) {
      this.#outbox.end(error);
    }
    this.#closed();
  }
}
