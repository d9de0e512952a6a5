/** Reads what scripts publish to an inbox (lua/lib/publish.lua). Anybody may publish there, so everything is checked and nothing throws. */

import { isTaskState } from '@inferq/core/task.ts';
import { parseTaskId } from '@inferq/core/task-id.ts';
import type { InboxMessage } from './queue.ts';
import { readLine, readSnapshot, text, unpack } from './snapshot.ts';
import { readBatch } from './verbs/claim.ts';

export interface Publication {
  messages: InboxMessage[];
  /** What is wrong with the parts that were left out. */
  problem?: string;
}

/** The messages of one publication, in order, without those that cannot be read. */
export function readPublication(payload: Uint8Array): Publication {
  const messages: InboxMessage[] = [];
  try {
    const events = unpack(payload);
    if (!Array.isArray(events)) return { messages, problem: 'it is not a list' };
    let problem: string | undefined;
    for (const event of events) {
      const read = tryRead(event);
      if (typeof read === 'string') problem = read;
      else messages.push(read);
    }
    return problem === undefined ? { messages } : { messages, problem };
  } catch (error) {
    return { messages, problem: `it is not msgpack: ${(error as Error).message}` };
  }
}

/** The message, or what is wrong with it. */
function tryRead(event: unknown): InboxMessage | string {
  if (!Array.isArray(event)) return 'a message is not a list';
  const kind = text(event[0]).slice(0, 8);
  try {
    const message = readMessage(kind, event.slice(1));
    return message !== undefined && isWhole(message) ? message : `a message "${kind}" has the wrong shape`;
  } catch (error) {
    return `a message "${kind}" has the wrong shape: ${(error as Error).message}`;
  }
}

function readMessage(kind: string, rest: unknown[]): InboxMessage | undefined {
  switch (kind) {
    case 'b':
      return { kind: 'bell' };
    case 'h':
      return { kind: 'handOver', number: numberIn(rest[0]), ...readBatch(rest[1] as unknown[]) };
    case 'x':
      return { kind: 'cancel', id: text(rest[0]), force: rest[1] === 1 };
    case 'w':
      return { kind: 'wake', id: text(rest[0]) };
    case 'c': {
      const [time, id, sequence, attempt, index, payload] = rest;
      return {
        kind: 'chunk',
        chunk: {
          taskId: text(id),
          sequence: numberIn(sequence),
          time: numberIn(time),
          attempt: numberIn(attempt),
          index: numberIn(index),
          payload: payload as Uint8Array,
        },
      };
    }
    case 't':
      return { kind: 'snapshot', snapshot: readLine(text(rest[1]), rest[2] as Uint8Array), time: numberIn(rest[0]) };
    case 's': {
      const snapshot = readSnapshot(rest[1]);
      return snapshot && { kind: 'snapshot', snapshot, time: numberIn(rest[0]) };
    }
    default:
      return undefined;
  }
}

/** The number; of anything else NaN, though JavaScript makes a number of almost everything. */
function numberIn(value: unknown): number {
  return typeof value === 'number' ? value : Number.NaN;
}

function isWhole(message: InboxMessage): boolean {
  switch (message.kind) {
    case 'bell':
      return true;
    case 'handOver': {
      const { tasks } = message.batch;
      return (
        tasks.length > 0 && tasks.every(({ id, token, input }) => isTaskId(id) && token !== '' && isBytes(input)) && hasNumbers(message)
      );
    }
    case 'cancel':
    case 'wake':
      return isTaskId(message.id);
    case 'chunk':
      return isTaskId(message.chunk.taskId) && isBytes(message.chunk.payload) && hasNumbers(message);
    case 'snapshot': {
      const { id, state, output, metadata } = message.snapshot;
      return (
        isTaskId(id) &&
        isTaskState(state) &&
        [output, metadata].every((bytes) => bytes === undefined || isBytes(bytes)) &&
        hasNumbers(message)
      );
    }
  }
}

function isTaskId(id: string): boolean {
  return parseTaskId(id) !== undefined;
}

function isBytes(value: unknown): boolean {
  return value instanceof Uint8Array;
}

/** Whether every number in a message is one. */
function hasNumbers(value: unknown): boolean {
  if (typeof value === 'number') return Number.isFinite(value);
  if (typeof value !== 'object' || value === null || isBytes(value)) return true;
  return Object.values(value).every(hasNumbers);
}
