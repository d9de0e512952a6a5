/** Ends the pauses between tries as soon as a lost connection is back, instead of when their time is over. */

import { type Client, connectivityState } from '@grpc/grpc-js';

export class Reconnection {
  readonly #channel: ReturnType<Client['getChannel']>;
  readonly #sleepers = new Set<() => void>();
  #watching = false;

  constructor(client: Client) {
    this.#channel = client.getChannel();
  }

  /** Calls `wake` the next time that a connection is made, and until then keeps trying to make one. Returns how to take that back. */
  onNext(wake: () => void): () => void {
    this.#sleepers.add(wake);
    if (!this.#watching) this.#watch();
    return () => this.#sleepers.delete(wake);
  }

  #watch(): void {
    // A channel that has lost its connection stays idle until it is asked like this.
    const state = this.#channel.getConnectivityState(true);
    this.#watching = this.#sleepers.size > 0 && state !== connectivityState.SHUTDOWN;
    if (!this.#watching) return;
    this.#channel.watchConnectivityState(state, Number.POSITIVE_INFINITY, () => {
      if (this.#channel.getConnectivityState(false) === connectivityState.READY) {
        for (const wake of [...this.#sleepers]) wake();
      }
      this.#watch();
    });
  }
}
