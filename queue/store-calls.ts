/** Runs calls to Redis: each failure is sorted, told to the operator, and thrown as a StoreError. */

import { dictionary } from '@inferq/core/dictionary.ts';
import { StoreError } from '@inferq/core/store-error.ts';
import { classify } from './classify.ts';
import type { Failover } from './failover.ts';
import type { Link } from './link.ts';
import type { TroubleLog } from './trouble-log.ts';

export class StoreCalls {
  readonly #link: Link;
  readonly #failover: Failover;
  readonly #troubles: TroubleLog;
  #answers = 0;

  constructor(link: Link, failover: Failover, troubles: TroubleLog) {
    this.#link = link;
    this.#failover = failover;
    this.#troubles = troubles;
  }

  /** How many calls have succeeded. */
  get answers(): number {
    return this.#answers;
  }

  /** What `call` answers; it is made a second time where a failover is the reason for its failure. Throws StoreErrors only. */
  async run<T>(verb: string, call: () => Promise<T>): Promise<T> {
    if (this.#failover.moving !== undefined) await this.#failover.moving;
    const { connection } = this.#failover;
    try {
      return this.#answered(verb, await call());
    } catch (error) {
      if (!(await this.#moved(classify(error).code, connection))) throw this.#failed(verb, error);
    }
    try {
      return this.#answered(verb, await call());
    } catch (error) {
      throw this.#failed(verb, error);
    }
  }

  /** Whether a failover is the reason for a failure, and is over. A call of several steps may also meet the move that another one began. */
  async #moved(code: string, connection: number): Promise<boolean> {
    if (code === 'READONLY') return this.#failover.move(connection);
    return code === 'CLOSED' && this.#failover.follow();
  }

  #answered<T>(verb: string, answer: T): T {
    this.#answers += 1;
    this.#troubles.answered(verb);
    return answer;
  }

  #failed(verb: string, cause: unknown): StoreError {
    const { problem } = this.#link;
    const own = classify(cause);
    // ioredis says of every call that the connection is closed: why it is tells more.
    const failure = own.code === 'CLOSED' && problem !== undefined ? problem : own;
    const error = new StoreError(failure.kind, failure.code, failure.words, cause);
    if (failure.kind === 'away') this.#troubles.away(failure.words);
    else if (failure.kind === 'refusing') this.#troubles.refused(failure === own ? verb : 'connect', failure);
    else error.logId = this.#troubles.fault(verb, failure, error);
    return error;
  }
}

type Verb = (...given: unknown[]) => Promise<unknown>;

/** `verbs`, each of them run by `calls` under its own name. */
export function guarded<T extends object>(verbs: T, calls: StoreCalls): T {
  const run = ([name, verb]: [string, Verb]): [string, Verb] => [name, (...given) => calls.run(name, () => verb(...given))];
  return dictionary(Object.entries(verbs).map(run)) as T;
}
