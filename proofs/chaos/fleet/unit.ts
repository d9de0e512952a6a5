/** One server or worker: a process behind a proxy to Redis, started again whenever it ends, as a service manager does. */

import { setTimeout as pause } from 'node:timers/promises';
import { startProcess, type TestProcess } from '@inferq/test/support/stack.ts';
import { type Census, childrenOf, signal } from './children.ts';
import type { TcpProxy } from './tcp-proxy.ts';

const restartMs = 300;

export interface UnitParts {
  kind: 'server' | 'worker';
  name: string;
  args: string[];
  /** Between it and Redis. */
  proxy: TcpProxy;
  census: Census;
}

export class Unit {
  readonly kind: UnitParts['kind'];
  readonly name: string;
  readonly proxy: TcpProxy;
  /** A fault is at it: no second one may strike meanwhile. */
  struck = false;
  /** How often it was started. */
  starts = 0;
  readonly #parts: UnitParts;
  #process: TestProcess | undefined;
  #ended = Promise.resolve<number | string>('');
  #stopping = false;
  #kept: Promise<void> | undefined;

  constructor(parts: UnitParts) {
    this.#parts = parts;
    this.kind = parts.kind;
    this.name = parts.name;
    this.proxy = parts.proxy;
  }

  /** Whether it has started and not ended. */
  get up(): boolean {
    return this.#process !== undefined;
  }

  get pid(): number | undefined {
    return this.#process?.pid;
  }

  /** The executors of a worker. */
  get children(): number[] {
    return this.#process ? childrenOf(this.#process.pid) : [];
  }

  /** What it wrote since its last start. */
  get output(): string {
    return this.#process?.output() ?? '';
  }

  /** Starts it for the first time; throws where that fails. From then on it is kept running. */
  async start(): Promise<void> {
    await this.#launch();
    this.#kept = this.#keep();
  }

  /** Sends a signal to it alone, if it runs. */
  signal(name: NodeJS.Signals): void {
    if (this.#process) signal(this.#process.pid, name);
  }

  /** Resolves when it is up and was started more than `starts` times. */
  async startedAgain(starts: number): Promise<void> {
    while ((this.starts <= starts || !this.up) && !this.#stopping) await pause(20);
  }

  /** Asks it to end for good; resolves to its exit code or signal. */
  async stop(): Promise<number | string> {
    this.#stopping = true;
    this.signal('SIGTERM');
    await this.#kept;
    return this.#ended;
  }

  /** Lets it stay down, however it ends. */
  giveUp(): void {
    this.#stopping = true;
  }

  async #launch(): Promise<void> {
    const { kind, args, proxy, census } = this.#parts;
    const started = await startProcess(kind, args, `redis://127.0.0.1:${proxy.port}`);
    this.starts++;
    this.#process = started;
    census.note([started.pid, ...childrenOf(started.pid)]);
    this.#ended = new Promise((resolve) => {
      const over = () => resolve(started.child.signalCode ?? started.child.exitCode ?? 0);
      if (started.child.exitCode !== null || started.child.signalCode !== null) over();
      else started.child.once('exit', over);
    });
  }

  async #keep(): Promise<void> {
    for (;;) {
      await this.#ended;
      this.#process = undefined;
      while (!this.#process) {
        if (this.#stopping) return;
        await pause(restartMs);
        if (this.#stopping) return;
        // Where it does not start, a service manager tries again.
        await this.#launch().catch(() => {});
      }
      // It was told to stop while it started.
      if (this.#stopping) this.signal('SIGTERM');
    }
  }
}
