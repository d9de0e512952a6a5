/** The whole system under test: a Redis of its own, servers and workers behind proxies, and a balancer for each client. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort, startRedis, type TestRedis } from '@inferq/test/support/redis.ts';
import { Redis } from 'ioredis';
import { type ChaosSettings, leaseMs } from '../settings.ts';
import { Census, childrenOf, signal } from './children.ts';
import { TcpProxy } from './tcp-proxy.ts';
import { Unit } from './unit.ts';

const models = fileURLToPath(new URL('../../models', import.meta.url));
const lookMs = 500;

export class Fleet {
  readonly redis: TestRedis;
  /** Straight to Redis, past the proxies. */
  readonly admin: Redis;
  readonly servers: Unit[] = [];
  readonly workers: Unit[] = [];
  /** One for each client: its connections go to the servers in turn. */
  readonly balancers: TcpProxy[] = [];
  readonly census = new Census();
  /** Where the model notes what it ran. */
  readonly journal: string;
  /** When Redis was killed: epoch milliseconds. */
  readonly redisKills: number[] = [];
  readonly #ports = new Map<Unit, number>();
  readonly #looking: NodeJS.Timeout;
  readonly #killAll = () => this.kill();

  /** Starts everything; resolves when tasks can be submitted and run. */
  static async start(settings: ChaosSettings): Promise<Fleet> {
    const redis = await startRedis({ appendfsync: settings.fsync });
    const fleet = new Fleet(redis);
    try {
      await fleet.#startAll(settings);
      return fleet;
    } catch (error) {
      await fleet.end();
      throw error;
    }
  }

  private constructor(redis: TestRedis) {
    this.redis = redis;
    this.admin = new Redis(redis.url, { protocol: 2, replyMapping: 'legacy', maxRetriesPerRequest: null, retryStrategy: () => 50 });
    this.admin.on('error', () => {});
    this.journal = mkdtempSync(join(tmpdir(), 'inferq-journal-'));
    process.env.INFERQ_JOURNAL = this.journal;
    this.census.note([redis.pid]);
    this.#looking = setInterval(() => this.#look(), lookMs);
    process.once('exit', this.#killAll);
  }

  get units(): Unit[] {
    return [...this.servers, ...this.workers];
  }

  /** Where a server listens. */
  portOf(server: Unit): number {
    return this.#ports.get(server) ?? 0;
  }

  /** Executors that run now. */
  get executors(): number[] {
    return this.workers.flatMap(({ children }) => children);
  }

  /** Ends every process of this run at once: frozen ones too, and those that are just starting. */
  kill(): void {
    for (const unit of this.units) unit.giveUp();
    const own = childrenOf(process.pid).filter((pid) => pid !== this.redis.pid);
    for (const pid of [...own.flatMap(childrenOf), ...own, ...this.census.running()]) {
      if (pid !== this.redis.pid) signal(pid, 'SIGKILL');
    }
  }

  /** Stops servers and workers as an operator does; resolves to those that did not end well. */
  async stop(): Promise<string[]> {
    const stopped = await Promise.all(this.units.map(async (unit) => ({ unit, how: await unit.stop() })));
    return stopped.filter(({ how }) => how !== 0).map(({ unit, how }) => `${unit.name} ended with ${how}: ${unit.output.slice(-500)}`);
  }

  /** Leaves nothing behind. */
  async end(): Promise<void> {
    clearInterval(this.#looking);
    this.kill();
    for (const unit of this.units) unit.proxy.close();
    for (const balancer of this.balancers) balancer.close();
    this.admin.disconnect();
    await this.redis.stop();
    process.off('exit', this.#killAll);
    rmSync(this.journal, { recursive: true, force: true });
  }

  async #startAll({ servers, workers, clients }: ChaosSettings): Promise<void> {
    const common = ['--lease', `${leaseMs}ms`, '--log-level', 'warn'];
    for (let index = 0; index < servers; index++) {
      const port = await freePort();
      const unit = await this.#unit('server', `server-${index}`, ['--listen', `127.0.0.1:${port}`, ...common]);
      this.servers.push(unit);
      this.#ports.set(unit, port);
    }
    for (let index = 0; index < workers; index++) {
      const args = ['--repository', models, '--models', 'mishap', '--devices', 'cpu,cpu', '--grace', '10s', ...common];
      this.workers.push(await this.#unit('worker', `worker-${index}`, args));
    }
    for (let index = 0; index < clients; index++) this.balancers.push(await this.#balancer(index));
    await Promise.all(this.units.map((unit) => unit.start()));
  }

  async #unit(kind: 'server' | 'worker', name: string, args: string[]): Promise<Unit> {
    return new Unit({ kind, name, args, proxy: await TcpProxy.open(() => this.redis.port), census: this.census });
  }

  #balancer(first: number): Promise<TcpProxy> {
    let turn = first;
    return TcpProxy.open(() => {
      const up = this.servers.filter((server) => server.up);
      const choices = up.length > 0 ? up : this.servers;
      const server = choices[turn++ % choices.length];
      return server ? this.portOf(server) : 0;
    });
  }

  #look(): void {
    this.census.note([this.redis.pid, ...this.units.flatMap(({ pid, children }) => [...(pid === undefined ? [] : [pid]), ...children])]);
  }
}
