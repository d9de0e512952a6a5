/** A process' inbox: one sharded pub/sub channel on a connection of its own, pinged every second. */

import type { Redis } from 'ioredis';
import { key } from './keys.ts';
import type { Inbox, InboxMessage } from './queue.ts';
import { readLine, readSnapshot, text, unpack } from './snapshot.ts';
import { readBatch } from './verbs/claim.ts';

const pingMs = 1_000;
const silenceMs = 3 * pingMs;

function readMessage(raw: unknown): InboxMessage | undefined {
  const [kind, ...rest] = raw as [unknown, ...unknown[]];
  switch (text(kind)) {
    case 'b':
      return { kind: 'bell' };
    case 'h':
      return { kind: 'handOver', number: Number(rest[0]), ...readBatch(rest[1] as unknown[]) };
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
          sequence: Number(sequence),
          time: Number(time),
          attempt: Number(attempt),
          index: Number(index),
          payload: payload as Uint8Array,
        },
      };
    }
    case 't':
      return { kind: 'snapshot', snapshot: readLine(text(rest[1]), rest[2] as Uint8Array), time: Number(rest[0]) };
    case 's': {
      const snapshot = readSnapshot(rest[1]);
      return snapshot && { kind: 'snapshot', snapshot, time: Number(rest[0]) };
    }
    default:
      return undefined;
  }
}

/** One ping at a time; a connection that leaves it unanswered is dead, and replaced. Returns a function that stops. */
function pingEverySecond(subscriber: Redis): () => void {
  let sentAt: number | undefined;
  const answered = () => {
    sentAt = undefined;
  };
  const beat = setInterval(() => {
    if (sentAt === undefined) {
      sentAt = performance.now();
      subscriber.ping().then(answered, answered);
    } else if (performance.now() - sentAt >= silenceMs) {
      sentAt = undefined;
      subscriber.disconnect(true);
    }
  }, pingMs);
  beat.unref();
  return () => clearInterval(beat);
}

/** Opens the inbox `name` on `subscriber`, which belongs to it from now on. Resolves when the subscription is confirmed. */
export async function openInbox(subscriber: Redis, name: string): Promise<Inbox> {
  const channel = key('inbox', name);
  let onMessages: (messages: InboxMessage[]) => void = () => {};
  let onResumed: () => void = () => {};
  let subscribed = false;

  subscriber.on('smessageBuffer', (_channel: Buffer, payload: Buffer) => {
    const messages = (unpack(payload) as unknown[]).map(readMessage).filter((message): message is InboxMessage => message !== undefined);
    onMessages(messages);
  });

  const subscribe = async () => {
    await subscriber.ssubscribe(channel);
    if (subscribed) onResumed();
    subscribed = true;
  };
  await subscribe();
  // ioredis would subscribe again by itself, but does not tell when that is confirmed: we do both.
  subscriber.on('ready', () => void subscribe().catch(() => {}));

  const stopPinging = pingEverySecond(subscriber);

  return {
    name,
    onMessages: (listener) => {
      onMessages = listener;
    },
    onResumed: (listener) => {
      onResumed = listener;
    },
    close: async () => {
      stopPinging();
      subscriber.removeAllListeners('ready');
      subscriber.disconnect();
    },
  };
}
