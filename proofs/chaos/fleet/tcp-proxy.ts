/** A TCP proxy that can break: it cuts connections, or keeps them open and lets nothing through. */

import { connect, createServer, type Server, type Socket } from 'node:net';

interface Pair {
  near: Socket;
  /** Undefined while it must not speak yet. */
  far: Socket | undefined;
  target: number;
}

export class TcpProxy {
  readonly port: number;
  readonly #server: Server;
  readonly #pairs = new Set<Pair>();
  #silent = false;

  /** `choose` names the loopback port that a new connection goes to. */
  static open(choose: () => number): Promise<TcpProxy> {
    return new Promise((resolve, reject) => {
      const server = createServer({ allowHalfOpen: false });
      server.once('error', reject);
      server.listen(0, '127.0.0.1', () => {
        const address = server.address();
        if (address === null || typeof address === 'string') return reject(new Error('the proxy has no port'));
        resolve(new TcpProxy(server, address.port, choose));
      });
    });
  }

  private constructor(server: Server, port: number, choose: () => number) {
    this.#server = server;
    this.port = port;
    server.on('connection', (near) => this.#accept(near, choose()));
  }

  /** Where its connections go now. */
  get targets(): number[] {
    return [...this.#pairs].map(({ target }) => target);
  }

  /** Breaks every connection. Returns how many. */
  cut(): number {
    const { size } = this.#pairs;
    for (const pair of this.#pairs) this.#end(pair);
    return size;
  }

  /** Lets nothing through, in either direction; connections stay open, and new ones open. */
  silence(): void {
    this.#silent = true;
    for (const { near, far } of this.#pairs) {
      near.unpipe();
      far?.unpipe();
      near.pause();
      far?.pause();
    }
  }

  /** Lets through what was held back, and what follows. */
  speak(): void {
    this.#silent = false;
    for (const pair of this.#pairs) this.#join(pair);
  }

  close(): void {
    this.#server.close();
    this.cut();
  }

  #accept(near: Socket, target: number): void {
    const pair: Pair = { near, far: undefined, target };
    this.#pairs.add(pair);
    near.setNoDelay(true);
    near.on('error', () => this.#end(pair));
    near.on('close', () => this.#end(pair));
    near.pause();
    if (!this.#silent) this.#join(pair);
  }

  #join(pair: Pair): void {
    if (!pair.far) {
      pair.far = connect({ port: pair.target, host: '127.0.0.1', noDelay: true });
      pair.far.on('error', () => this.#end(pair));
      pair.far.on('close', () => this.#end(pair));
    }
    pair.near.pipe(pair.far);
    pair.far.pipe(pair.near);
  }

  #end(pair: Pair): void {
    if (!this.#pairs.delete(pair)) return;
    pair.near.destroy();
    pair.far?.destroy();
  }
}
