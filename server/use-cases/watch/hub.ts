/** Who in this process wants to hear of which task. One table, fed by the process' inbox. */

import { mayPass, StoreError } from '@inferq/core/store-error.ts';
import type { TaskSnapshot } from '@inferq/core/task.ts';
import type { Inbox, InboxMessage, SubmissionQueue } from '@inferq/queue/queue.ts';
import type { Clock } from '../clock.ts';
import { pause } from '../clock.ts';
import { batchPerTick } from '../tick-batch.ts';
import { createLookAgain } from './look-again.ts';
import { takeTurns } from './turns.ts';

export type TaskMessage = Extract<InboxMessage, { kind: 'snapshot' | 'chunk' | 'wake' }>;

/** Something that wants every message of one task. */
export interface Listener {
  readonly taskId: string;
  hear(message: TaskMessage): void;
  /** Messages may have been missed: read the record again. */
  resumed(): void;
  /** The server is stopping. */
  stopped(): void;
}

export interface WatchHub {
  /** The name to register in a task's record. */
  readonly inbox: string;
  /** Enter before the script that registers the inbox is sent, so that nothing falls between. After a stop, `stopped` is called at once. */
  enter(listener: Listener): void;
  /** `over`: no event can follow, or none was asked for, so that there is nothing to take back in the record. */
  leave(listener: Listener, over: boolean): void;
  /** The task as it stands, or undefined; also registers the inbox. Calls of one tick share a script. */
  inspect(id: string): Promise<TaskSnapshot | undefined>;
  /** Repeats `work` while the store is away or refuses, until it answers or the hub stops; undefined then. Throws the store's faults. */
  persist<T>(work: () => Promise<T>): Promise<T | undefined>;
  /** As `persist`, for what nobody waits for. */
  inBackground(work: () => Promise<unknown>): void;
  /** Runs a read of a log, few at a time: where many watches lack chunks at once, other calls to the store come in between. */
  inTurn<T>(read: () => Promise<T>): Promise<T>;
  /** How many tasks are watched. */
  readonly size: number;
  stop(): void;
}

const retryMs = 250;
const readsAtOnce = 8;

export function createWatchHub(submission: Pick<SubmissionQueue, 'inspect' | 'unwatch'>, inbox: Inbox, clock: Clock): WatchHub {
  const table = new Map<string, Set<Listener>>();
  const lookAgain = createLookAgain<string>(clock, (taskId) => {
    for (const listener of table.get(taskId) ?? []) listener.resumed();
  });
  const stop = new AbortController();
  const inspect = batchPerTick<string, TaskSnapshot | undefined>((ids) => submission.inspect(ids, inbox.name));
  const unwatch = batchPerTick<string, undefined>(async (left) => {
    const ids = left.filter((id) => !table.has(id));
    if (ids.length > 0) await submission.unwatch(ids, inbox.name);
    return [];
  });

  inbox.onMessages((messages) => {
    for (const message of messages) {
      if (message.kind === 'bell' || message.kind === 'handOver' || message.kind === 'cancel') continue;
      const listeners = table.get(taskOf(message));
      if (listeners !== undefined) for (const listener of listeners) listener.hear(message);
    }
  });
  inbox.onResumed(() => {
    for (const listeners of table.values()) for (const listener of listeners) listener.resumed();
  });

  const persist = async <T>(work: () => Promise<T>): Promise<T | undefined> => {
    while (!stop.signal.aborted) {
      try {
        return await work();
      } catch (error) {
        if (!mayPass(error)) throw error;
        await pause(clock, retryMs, stop.signal);
      }
    }
    return undefined;
  };

  return {
    inbox: inbox.name,
    enter(listener) {
      if (stop.signal.aborted) return listener.stopped();
      const listeners = table.get(listener.taskId);
      if (listeners !== undefined) listeners.add(listener);
      else {
        table.set(listener.taskId, new Set([listener]));
        lookAgain.add(listener.taskId);
      }
    },
    leave(listener, over) {
      const listeners = table.get(listener.taskId);
      if (!listeners?.delete(listener) || listeners.size > 0) return;
      table.delete(listener.taskId);
      lookAgain.remove(listener.taskId);
      // Where this fails, the record sends hints that nobody takes until the task ends: no harm.
      if (!over) unwatch(listener.taskId).catch(() => undefined);
    },
    inspect,
    persist,
    inBackground(work) {
      persist(work).catch((error) => {
        // A fault of the store is in the log by now.
        if (!(error instanceof StoreError)) throw error;
      });
    },
    inTurn: takeTurns(readsAtOnce),
    get size() {
      return table.size;
    },
    stop() {
      stop.abort();
      lookAgain.clear();
      const all = [...table.values()].flatMap((listeners) => [...listeners]);
      table.clear();
      for (const listener of all) listener.stopped();
    },
  };
}

function taskOf(message: TaskMessage): string {
  switch (message.kind) {
    case 'snapshot':
      return message.snapshot.id;
    case 'chunk':
      return message.chunk.taskId;
    case 'wake':
      return message.id;
  }
}
