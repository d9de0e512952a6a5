/** The name of a worker: held for one start of it, from before its models load until it leaves. */

import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { NameOutcome, WorkerIdentity, WorkerRegistry } from '@inferq/queue/queue.ts';
import type { Log } from '../log.ts';
import { persist } from '../persist.ts';
import { StartFailure } from '../usage-error.ts';
import { variedName } from './names.ts';

const lookMs = 100;

export interface NameRequest {
  registry: WorkerRegistry;
  wanted: WorkerIdentity;
  /** Whether the name was asked for: then no other will do. */
  asked: boolean;
  leaseMs: number;
  log: Log;
}

/**
 * Holds the wanted name. Where a live worker has it, a default name gets a random tail. A name that was asked for is waited for until
 * its holder has either been heard again, which throws a StartFailure, or not for half a lease: that one died without leaving.
 * Resolves to undefined where `abandon` came first.
 */
export async function holdName(request: NameRequest, abandon: AbortSignal): Promise<HeldName | undefined> {
  const { registry, wanted, asked, log } = request;
  try {
    let taken = await persist(() => tryName(registry, wanted), abandon);
    if (taken && asked) log.info({ by: taken.by }, 'waiting to see whether the holder of the name is alive');
    while (taken && asked) {
      await sleep(lookMs, undefined, { signal: abandon });
      const next = await persist(() => tryName(registry, wanted), abandon);
      if (next && (next.by.instance !== taken.by.instance || next.silentMs < taken.silentMs)) throw new StartFailure(refusal(wanted, next));
      taken = next;
    }
    const held = new HeldName(request);
    if (taken) await persist(() => held.renew(), abandon);
    return held;
  } catch (error) {
    if (abandon.aborted) return undefined;
    throw error;
  }
}

export class HeldName {
  readonly #request: NameRequest;
  readonly #timer: NodeJS.Timeout;
  #identity: WorkerIdentity;
  #renewing: Promise<void> | undefined;

  constructor(request: NameRequest) {
    this.#request = request;
    this.#identity = request.wanted;
    // What went wrong is in the log already; the next time comes soon.
    this.#timer = setInterval(() => void this.renew().catch(() => undefined), request.leaseMs / 3).unref();
  }

  /** The name may change: ask again each time. */
  get identity(): WorkerIdentity {
    return this.#identity;
  }

  /** Keeps the name. Where another instance has taken it, as it may after a freeze of half a lease, another name is taken. */
  renew(): Promise<void> {
    this.#renewing ??= this.#renew().finally(() => {
      this.#renewing = undefined;
    });
    return this.#renewing;
  }

  /** Gives up the name and what is announced under it. */
  async leave(abandon: AbortSignal): Promise<void> {
    clearInterval(this.#timer);
    await this.#renewing?.catch(() => undefined);
    await persist(() => this.#request.registry.retireWorker(this.#identity), abandon);
  }

  async #renew(): Promise<void> {
    const { registry, wanted, log } = this.#request;
    let taken = await tryName(registry, this.#identity);
    if (!taken) return;
    const { by } = taken;
    let other = wanted;
    while (taken) {
      other = { ...wanted, name: variedName(wanted.name, randomBytes(5)) };
      taken = await tryName(registry, other);
    }
    log.warn({ from: this.#identity.name, to: other.name, by }, 'renamed: another worker has this name');
    this.#identity = other;
  }
}

type Taken = Extract<NameOutcome, { kind: 'taken' }>;

async function tryName(registry: WorkerRegistry, worker: WorkerIdentity): Promise<Taken | undefined> {
  const outcome = await registry.holdName(worker);
  return outcome.kind === 'taken' ? outcome : undefined;
}

function refusal({ name }: WorkerIdentity, { by }: Taken): string {
  return `A worker called ${name} is alive on ${by.host} (pid ${by.pid}); stop it or choose another --name.`;
}
