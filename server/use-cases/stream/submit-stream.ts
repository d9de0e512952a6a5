/** SubmitMany: many items and their events over one stream, in both directions at once. */

import { limits } from '@inferq/core/limits.ts';
import { type CallContext, type StreamItem, type StreamReply, type SubmitStream, WatchBroken } from '../../broker.ts';
import { refusalOf, shuttingDown } from '../store-failure.ts';
import { Outbox } from '../watch/outbox.ts';
import { answerItem, type ItemParts } from './answer-item.ts';
import { Follows } from './follows.ts';

/** Beyond this the stream's reader is slow: follows read the log later, and no more items are taken. */
const bounds = { items: 20_000, bytes: 8 * 1_024 * 1_024 };
/** Items without an outcome yet. */
const itemsInFlight = 8 * limits.itemsPerCall;
const replyBytes = 256;

/** A stream that its owner may stop. */
export interface OpenStream extends SubmitStream {
  stop(): void;
}

/** `closed` is called once nothing more comes of the stream. */
export function openSubmitStream(parts: ItemParts, call: CallContext, closed: (stream: OpenStream) => void): OpenStream {
  const outbox = new Outbox<StreamReply>(bounds);
  let inFlight = 0;
  let inFlightBytes = 0;
  let following = 0;
  let noMore = false;
  let changed = Promise.withResolvers<void>();

  const finishIfDone = () => {
    changed.resolve();
    changed = Promise.withResolvers();
    if (noMore && inFlight === 0 && follows.size === 0) outbox.end();
  };
  const put = (reply: StreamReply) => outbox.put(reply, replyBytes + (reply.kind === 'snapshot' ? (reply.view.output?.length ?? 0) : 0));
  const follows = new Follows(parts, outbox, finishIfDone);

  const isFull = (item: StreamItem) =>
    inFlight >= itemsInFlight ||
    inFlightBytes >= limits.batchBytes ||
    (wantsFollow(item) && follows.size + following >= limits.openFollows);
  const start = async (item: StreamItem) => {
    const bytes = item.action === 'submit' ? item.command.bytes : 0;
    inFlight += 1;
    inFlightBytes += bytes;
    if (wantsFollow(item)) following += 1;
    try {
      await answerItem({ parts, item, follows, put });
    } catch (error) {
      fail(item, error);
    } finally {
      inFlight -= 1;
      inFlightBytes -= bytes;
      if (item.action === 'submit') item.command.release();
      if (wantsFollow(item)) following -= 1;
      finishIfDone();
    }
  };
  const fail = (item: StreamItem, error: unknown) => {
    try {
      put({ kind: 'refused', correlationId: item.correlationId, refusal: refusalOf(error) });
    } catch (surprise) {
      outbox.end(surprise as Error);
    }
  };
  const close = () => {
    call.signal.removeEventListener('abort', departed);
    outbox.end();
    follows.leave();
    finishIfDone();
    closed(stream);
  };
  const departed = () => {
    follows.cancelBound();
    close();
  };

  const stream: OpenStream = {
    async push(items) {
      for (const item of items) {
        while (isFull(item) && !outbox.ended) await changed.promise;
        if (outbox.ended) return;
        void start(item);
      }
      await outbox.reserve(replyBytes);
      outbox.release(replyBytes);
    },
    end() {
      noMore = true;
      finishIfDone();
    },
    stop() {
      outbox.end(new WatchBroken(shuttingDown));
      close();
    },
    replies: readAll(outbox, close),
  };
  call.signal.addEventListener('abort', departed);
  if (call.signal.aborted) departed();
  return stream;
}

/** A watch always follows its task. */
function wantsFollow(item: StreamItem): boolean {
  return item.action === 'watch' || item.follow;
}

async function* readAll(outbox: Outbox<StreamReply>, close: () => void): AsyncGenerator<StreamReply[]> {
  try {
    yield* outbox;
  } finally {
    close();
  }
}
