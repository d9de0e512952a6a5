/** One submitMany from its first stream to its last: takes items in, sends them, and hands out what comes back. */

import type { SubmitManyResponse, SubmitManyRequest_Item as WireItem } from '../../proto/gen/inferq/v1/broker.ts';
import { BrokerDefinition } from '../../proto/gen/inferq/v1/broker.ts';
import type { Connection } from '../connection.ts';
import { AbortedError, InferqError, UnavailableError } from '../errors.ts';
import { Retries } from '../retry.ts';
import { keyOf } from '../verbs/submit.ts';
import { submitMessage } from '../wire/request.ts';
import type { SubmitManyItem, SubmitManyOutput } from './item.ts';
import { Ledger, type Sending } from './ledger.ts';
import { Mailbox } from './mailbox.ts';
import { Outbox } from './outbox.ts';

export type Source = Iterable<SubmitManyItem> | AsyncIterable<SubmitManyItem>;

const endpoint = { service: BrokerDefinition, method: BrokerDefinition.methods.submitMany };

/** No more is taken in while so much is unanswered: it all may have to be sent again. */
const windowItems = 1_000;
const windowBytes = 64 * 1_024 * 1_024;

export class Session {
  readonly outputs = new Mailbox<SubmitManyOutput>();
  readonly #connection: Connection;
  readonly #source: Source;
  readonly #ledger: Ledger;
  readonly #stop = new AbortController();
  readonly #signal: AbortSignal;
  #outbox: Outbox | undefined;
  #sourceEnded = false;
  #wakeIntake = () => {};

  constructor(connection: Connection, source: Source, signal: AbortSignal | undefined) {
    this.#connection = connection;
    this.#source = source;
    this.#signal = signal ? AbortSignal.any([signal, this.#stop.signal]) : this.#stop.signal;
    // A submit may be refused for as long as a call may take; a follow may be broken for as long as a stream.
    const { settings, internals } = connection;
    this.#ledger = new Ledger((action) =>
      action === 'submit'
        ? new Retries(settings.retry, internals.clock, internals.clock.now() + settings.deadlineMs)
        : connection.streamRetries(),
    );
  }

  start(): void {
    for (const loop of [this.#takeIn(), this.#converse()]) loop.catch((error) => this.#fail(error));
  }

  /** Cancels the stream and leaves the source. */
  stop(): void {
    this.#stop.abort();
    this.outputs.abandon();
    this.#wakeIntake();
  }

  #fail(error: unknown): void {
    this.outputs.fail(error);
    this.stop();
  }

  /** From the source to the ledger and the stream. */
  async #takeIn(): Promise<void> {
    let position = 0;
    for await (const item of this.#source) {
      if (this.#signal.aborted) return;
      this.#accept(item, item.correlationId ?? String(position++));
      await this.outputs.room();
      while (this.#full() && !this.#signal.aborted) {
        await new Promise<void>((resolve) => {
          this.#wakeIntake = resolve;
        });
      }
      if (this.#signal.aborted) return;
    }
    this.#sourceEnded = true;
    this.#endWhenAnswered();
  }

  /** An item that cannot be sent is refused alone. */
  #accept(item: SubmitManyItem, correlationId: string): void {
    try {
      const value = submitMessage(item.submit, keyOf(item.submit));
      this.#send(
        this.#ledger.submit(correlationId, { follow: Boolean(item.follow), endOnly: item.follow === 'end' }, { $case: 'submit', value }),
      );
    } catch (error) {
      if (!(error instanceof InferqError)) throw error;
      this.outputs.push({ kind: 'refused', correlationId, error });
    }
  }

  #full(): boolean {
    return this.#ledger.unanswered >= windowItems || this.#ledger.unansweredBytes >= windowBytes;
  }

  /** Stream after stream, until everything is settled. */
  async #converse(): Promise<void> {
    const retries = this.#connection.streamRetries();
    while (!this.#finished()) {
      const stream = this.#connection.duplex(endpoint, this.#signal);
      this.#outbox = new Outbox(stream);
      this.#outbox.push(this.#ledger.resume());
      this.#endWhenAnswered();
      try {
        for await (const message of stream.messages) {
          retries.succeeded();
          await this.#receive(message);
        }
        if (!this.#finished()) throw new UnavailableError('the server ended the stream early', { code: 'UNAVAILABLE' });
      } catch (error) {
        this.#outbox = undefined;
        if (this.#finished() && !(error instanceof AbortedError)) break;
        await retries.wait(error, this.#signal);
      }
    }
    this.outputs.close();
  }

  async #receive({ outcomes, events }: SubmitManyResponse): Promise<void> {
    for (const outcome of outcomes) for (const step of this.#ledger.outcome(outcome)) this.#handle(step);
    for (const event of events) for (const output of this.#ledger.event(event)) this.outputs.push(output);
    this.#wakeIntake();
    this.#endWhenAnswered();
    await this.outputs.room();
  }

  #handle(step: SubmitManyOutput | Sending): void {
    if ('kind' in step) this.outputs.push(step);
    else if (step.afterMs === 0) this.#send(step.message);
    else void this.#sendLater(step);
  }

  async #sendLater({ message, afterMs }: Sending): Promise<void> {
    try {
      await this.#connection.internals.clock.sleep(afterMs, this.#signal);
    } catch {
      return;
    }
    const rested = this.#ledger.rested(message.correlationId);
    if (rested) this.#send(rested);
  }

  /** Without a stream, the ledger brings it to the next one. */
  #send(message: WireItem): void {
    this.#outbox?.push([message]);
  }

  #endWhenAnswered(): void {
    if (this.#sourceEnded && this.#ledger.unanswered === 0) this.#outbox?.end();
  }

  #finished(): boolean {
    return this.#sourceEnded && this.#ledger.settled;
  }
}
