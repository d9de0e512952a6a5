/**
 * reclaim: takes back the tasks of vanished workers. XAUTOCLAIM's idle time also counts what Redis itself was away, so a reclaimer
 * acts only after a full lease of uninterrupted contact with the same Redis: it counts contact by the times that Redis answers.
 */

import type { Redis } from 'ioredis';
import { infoField } from '../optional-info.ts';
import { Script } from '../scripts.ts';
import { text } from '../snapshot.ts';

const script = new Script('reclaim.lua');

export class Reclaimer {
  readonly #redis: Redis;
  readonly #leaseMs: number;
  #runId = '';
  /** Redis times: of the first answer of this contact, and of the last one. */
  #since = 0;
  #last = 0;

  constructor(redis: Redis, leaseMs: number) {
    this.#redis = redis;
    this.#leaseMs = leaseMs;
  }

  /** Forgets the contact so far: the connection broke. */
  lost(): void {
    this.#since = 0;
    this.#last = 0;
  }

  /** Takes back what is due; resolves to how many tasks. */
  async reclaim(): Promise<number> {
    // Where it may not be read, a restart behind a proxy that keeps our connection goes unseen.
    const runId = infoField(await this.#redis.info('server'), 'run_id');
    if (runId !== this.#runId) this.lost();
    this.#runId = runId;
    const ready = this.#since > 0 && this.#last - this.#since >= this.#leaseMs;
    const [time, count, held] = (await script.run(this.#redis, [this.#leaseMs, this.#last, ready ? '1' : '0'])) as [
      unknown,
      number,
      number,
    ];
    this.#last = Number(text(time));
    if (held !== 1 || this.#since === 0) this.#since = this.#last;
    return Number(count);
  }
}
