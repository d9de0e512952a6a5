/** Keeps one sharded channel subscribed on a connection of its own: after each reconnect, and for as long as Redis refuses it. */

import { classify, type Failure } from './classify.ts';
import type { Link } from './link.ts';

const pingMs = 1_000;
const silenceMs = 3 * pingMs;
/** An outage is noticed elsewhere: only a link that stays down long after the others are back needs to be told of. */
const patienceBeats = 5;
const firstRetryMs = 250;
const longestRetryMs = 5_000;

export interface SubscriptionListener {
  /** Redis has confirmed the subscription: messages are heard from now on. */
  onConfirmed(): void;
  /** There is no subscription, because Redis refused it or, for some time now, because there is no connection. It is tried again. */
  onDeaf(failure: Failure): void;
}

export class Subscription {
  readonly #link: Link;
  readonly #channel: string;
  readonly #listener: SubscriptionListener;
  readonly #beat: NodeJS.Timeout;
  #hears = false;
  /** Counts tries: an answer to an older one says nothing. */
  #tries = 0;
  #retry: NodeJS.Timeout | undefined;
  #pingSentAt: number | undefined;
  #beatsWithoutLink = 0;
  readonly #tried = Promise.withResolvers<void>();

  /** The link is not connected yet, and belongs to the subscription from now on. */
  constructor(link: Link, channel: string, listener: SubscriptionListener) {
    this.#link = link;
    this.#channel = channel;
    this.#listener = listener;
    link.redis.on('ready', () => void this.#subscribe(firstRetryMs));
    link.redis.on('close', () => {
      this.#hears = false;
      this.#pingSentAt = undefined;
      clearTimeout(this.#retry);
      this.#tried.resolve();
    });
    this.#beat = setInterval(() => {
      if (link.up) this.#ping();
      else this.#wait();
    }, pingMs);
    this.#beat.unref();
  }

  /** Whether what is published now is heard. */
  get hears(): boolean {
    return this.#hears;
  }

  /** Connects and subscribes. Resolves after the first try, whether it succeeded or is repeated. */
  open(): Promise<void> {
    // Whether this connection or a later one succeeds is told by the events.
    this.#link.redis.connect().catch(() => undefined);
    return this.#tried.promise;
  }

  close(): void {
    clearInterval(this.#beat);
    clearTimeout(this.#retry);
    this.#tries += 1;
    this.#link.close();
  }

  async #subscribe(retryMs: number): Promise<void> {
    clearTimeout(this.#retry);
    this.#tries += 1;
    const tries = this.#tries;
    try {
      await this.#link.redis.ssubscribe(this.#channel);
      if (tries === this.#tries) this.#confirmed();
    } catch (error) {
      const failure = classify(error);
      // Where the connection is the reason, the next one comes with a try of its own.
      if (tries !== this.#tries || (failure.kind === 'away' && !this.#link.up)) return;
      this.#listener.onDeaf(failure);
      this.#retry = setTimeout(() => void this.#subscribe(Math.min(2 * retryMs, longestRetryMs)), retryMs);
    } finally {
      this.#tried.resolve();
    }
  }

  #confirmed(): void {
    this.#hears = true;
    this.#beatsWithoutLink = 0;
    this.#listener.onConfirmed();
  }

  #wait(): void {
    this.#beatsWithoutLink += 1;
    const { problem } = this.#link;
    if (problem !== undefined && this.#beatsWithoutLink >= patienceBeats) this.#listener.onDeaf(problem);
  }

  /** One ping at a time; a connection that leaves it unanswered is dead, and replaced. */
  #ping(): void {
    const { redis } = this.#link;
    if (this.#pingSentAt === undefined) {
      this.#pingSentAt = performance.now();
      const answered = () => {
        this.#pingSentAt = undefined;
      };
      redis.ping().then(answered, answered);
    } else if (performance.now() - this.#pingSentAt >= silenceMs) {
      this.#pingSentAt = undefined;
      redis.disconnect(true);
    }
  }
}
