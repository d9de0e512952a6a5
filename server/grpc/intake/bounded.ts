/** Counts what is open or held, of each connection and of the whole server, up to a limit of each. */

export interface Bounds {
  connection: number;
  server: number;
}

export class Bounded {
  readonly bounds: Bounds;
  #all = 0;
  readonly #connections = new WeakMap<object, number>();

  constructor(bounds: Bounds) {
    this.bounds = bounds;
  }

  /** Takes so much; says whose limit stands against it, and takes nothing then. */
  take(connection: object, amount: number): keyof Bounds | undefined {
    const own = this.#connections.get(connection) ?? 0;
    if (own + amount > this.bounds.connection) return 'connection';
    if (this.#all + amount > this.bounds.server) return 'server';
    this.#connections.set(connection, own + amount);
    this.#all += amount;
    return undefined;
  }

  /** Gives back what was taken. */
  give(connection: object, amount: number): void {
    this.#connections.set(connection, (this.#connections.get(connection) ?? 0) - amount);
    this.#all -= amount;
  }
}
