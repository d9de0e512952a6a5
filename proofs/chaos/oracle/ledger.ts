/** What clients were told, and what of it contradicts a promise. */

import type { Task } from '@inferq/client/index.ts';
import type { Planned } from '../load/plan.ts';
import { answerOf, type End, type Entry, endOf, nameOf, sameEnd } from './entry.ts';

export interface Violation {
  /** Undefined where it is about no task. */
  entry?: Entry;
  sentence: string;
}

/** What Redis may lose when it is killed with `everysec`: the write that a running fsync held up. */
const lossMs = 2_000;

export class Ledger {
  readonly entries: Entry[] = [];
  readonly violations: Violation[] = [];
  /** For each client, when it heard something of the broker: epoch milliseconds, rising. */
  readonly heardAt: number[][];
  /** Acknowledged, or told, within the moments that Redis may lose: counted, and not held against anyone. */
  readonly lost = new Set<Entry>();
  readonly #kills: readonly number[];
  #acknowledged = 0;
  #ended = 0;

  /** `kills` are the moments when a Redis was killed that may lose its last moments. */
  constructor(clients: number, kills: readonly number[]) {
    this.heardAt = Array.from({ length: clients }, () => []);
    this.#kills = kills;
  }

  get acknowledged(): number {
    return this.#acknowledged;
  }

  get ended(): number {
    return this.#ended;
  }

  open(planned: Planned): Entry {
    const entry: Entry = { planned, told: 0, gaps: [], watches: [] };
    this.entries.push(entry);
    return entry;
  }

  heard(client: number): void {
    this.heardAt[client]?.push(Date.now());
  }

  /** A client holds an id for this task. */
  accept(entry: Entry, taskId: string): void {
    if (entry.taskId === undefined) this.#acknowledged++;
    else if (entry.taskId !== taskId && !this.excused(entry.acknowledgedAt)) {
      this.violate(`its idempotency key gave a second task, ${taskId}`, entry);
    }
    if (entry.taskId === taskId) return;
    entry.taskId = taskId;
    entry.acknowledgedAt = Date.now();
  }

  /** Somebody saw the task, having asked at `askedAt`. Where it has ended, it must have ended as everybody was told before. */
  see(entry: Entry, task: Task, by: string, askedAt: number): void {
    const end = endOf(task, by);
    if (!end) {
      if (entry.end && entry.end.at < askedAt && !this.excused(entry.end.at))
        this.violate(`${by} saw it ${task.state} after it had ended ${tell(entry.end)}`, entry);
      return;
    }
    entry.told++;
    if (!entry.end) {
      this.#ended++;
      this.#judge(entry, task, end);
      entry.end = end;
    } else if (!sameEnd(entry.end, end)) {
      if (!this.excused(entry.end.at)) this.violate(`its result changed: ${tell(entry.end)}, then ${tell(end)}`, entry);
      entry.end = end;
    } else if (entry.end.nonce === 0) entry.end = end;
  }

  lose(entry: Entry): void {
    this.lost.add(entry);
  }

  violate(sentence: string, entry?: Entry): void {
    this.violations.push({ sentence, ...(entry ? { entry } : {}) });
  }

  /** Whether what was known at that moment may be gone with a killed Redis. */
  excused(at: number | undefined): boolean {
    return at !== undefined && this.#kills.some((kill) => at <= kill && at > kill - lossMs);
  }

  /** Whether a killed Redis may have lost something that was written in that time. */
  lostSomething(from: number, to: number): boolean {
    return this.#kills.some((kill) => kill >= from && kill - lossMs <= to);
  }

  /** Whether this is the right end of such a task, faults granted. */
  #judge(entry: Entry, task: Task, end: End): void {
    const { planned } = entry;
    if (task.chargedAttempts > task.maxAttempts) {
      this.violate(`it was charged ${task.chargedAttempts} of ${task.maxAttempts} attempts`, entry);
    }
    if (end.nonce !== 0) {
      const answer = answerOf(task);
      if (answer.tag !== planned.tag) this.violate(`it was answered with the result of task ${answer.tag}`, entry);
      if (answer.attempt !== end.attempt) this.violate(`attempt ${end.attempt} ended with the result of attempt ${answer.attempt}`, entry);
    }
    const spent = task.chargedAttempts >= task.maxAttempts;
    const byFault = (end.code === 'EXECUTOR_CRASHED' && spent) || end.code === 'WORKER_LOST';
    if (!planned.ends.includes(nameOf(end)) && !byFault) this.violate(`it may not end ${nameOf(end)}: ${task.error?.message ?? ''}`, entry);
  }
}

function tell(end: End): string {
  return `${nameOf(end)} in attempt ${end.attempt} with ${end.nonce}, told by ${end.by}`;
}
