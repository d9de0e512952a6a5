/** Every second: the resident set and the live heap of every process, and Redis' memory and keys. */

import type { Redis } from 'ioredis';
import { childrenOf } from '../../chaos/fleet/children.ts';
import type { Fleet } from '../fleet.ts';
import { byteTolerance, keyTolerance } from '../settings.ts';
import { liveBytes } from './live-heap.ts';
import { residentBytes } from './process-memory.ts';
import type { Sample, Tolerance } from './trend.ts';

const everyMs = 1_000;

export interface Series {
  name: string;
  unit: 'bytes' | 'keys';
  /** Undefined where it is only shown: an executor that is crashed on purpose begins anew each time. */
  tolerance: Tolerance | undefined;
  samples: Sample[];
}

function of(name: string, unit: Series['unit'], tolerance?: Tolerance): Series {
  return { name, unit, tolerance, samples: [] };
}

export class Sampler {
  readonly #fleet: Fleet;
  readonly #series = new Map<string, Series>();
  readonly #timer: NodeJS.Timeout;
  #looking = Promise.resolve();

  constructor(fleet: Fleet) {
    this.#fleet = fleet;
    this.#timer = setInterval(() => {
      this.#looking = this.#look();
    }, everyMs);
  }

  get series(): Series[] {
    return [...this.#series.values()].sort((one, other) => one.name.localeCompare(other.name));
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#looking;
  }

  async #look(): Promise<void> {
    const at = performance.now();
    const bytes = (name: string, value: number | undefined, tolerance?: Tolerance) => this.#note(of(name, 'bytes', tolerance), at, value);
    const both = (name: string, pid: number, tolerance?: Tolerance) => {
      bytes(`${name}, resident`, residentBytes(pid), tolerance);
      bytes(`${name}, live heap`, liveBytes(pid), tolerance);
    };
    const { servers, steady, frail, redis } = this.#fleet;
    for (const [index, { pid }] of servers.entries()) both(`server ${index + 1}`, pid, byteTolerance);
    both('supervisor', steady.pid, byteTolerance);
    for (const pid of childrenOf(steady.pid)) both(`executor ${pid}`, pid, byteTolerance);
    both('supervisor of crashes', frail.pid, byteTolerance);
    for (const pid of childrenOf(frail.pid)) bytes('executors that crash, resident', residentBytes(pid));
    both('clients (this process)', process.pid, byteTolerance);
    bytes('Redis, resident', residentBytes(redis.pid), byteTolerance);
    try {
      bytes('Redis, used memory', await usedMemory(this.#fleet.admin), byteTolerance);
      this.#note(of('keys', 'keys', keyTolerance), at, await this.#fleet.admin.dbsize());
    } catch {
      // Redis has just been stopped: this was the last look.
    }
  }

  #note(empty: Series, at: number, value: number | undefined): void {
    if (value === undefined) return;
    const series = this.#series.get(empty.name) ?? empty;
    this.#series.set(series.name, series);
    series.samples.push({ at, value });
  }
}

async function usedMemory(redis: Redis): Promise<number> {
  return Number(/^used_memory:(\d+)/m.exec(await redis.info('memory'))?.[1]);
}
