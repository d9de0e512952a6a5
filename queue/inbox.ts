/** A process' inbox: one sharded pub/sub channel on a connection of its own. */

import { classify } from './classify.ts';
import { key } from './keys.ts';
import type { Link } from './link.ts';
import { readPublication } from './publication.ts';
import type { Inbox, InboxMessage } from './queue.ts';
import { Subscription } from './subscription.ts';
import type { TroubleLog } from './trouble-log.ts';

/** However many publications cannot be read, so often everything is read again because of them. */
const rereadMs = 1_000;

/**
 * Opens the inbox `name` on a link of its own that is not connected yet. Resolves after the first try to subscribe; where that failed, it
 * is repeated until it succeeds. `storeIsUp`: whether other connections of this process work.
 */
export async function openInbox(link: Link, name: string, troubles: TroubleLog, storeIsUp: () => boolean): Promise<Inbox> {
  let onMessages: (messages: InboxMessage[]) => void = () => {};
  let onResumed: () => void = () => {};
  let opened = false;
  let reread: NodeJS.Timeout | undefined;

  const tell = (listen: () => void) => {
    try {
      listen();
    } catch (error) {
      troubles.fault('inbox', classify(error), error);
    }
  };
  const subscription = new Subscription(link, key('inbox', name), {
    onConfirmed: () => {
      troubles.answered('inbox');
      // Before the first one nobody relied on it.
      if (opened) tell(onResumed);
    },
    onDeaf: (failure) => {
      // Where the whole store is away, that is said already.
      if (storeIsUp()) troubles.refused('inbox', failure);
    },
  });
  link.redis.on('smessageBuffer', (_channel: Buffer, payload: Buffer) => {
    const { messages, problem } = readPublication(payload);
    tell(() => onMessages(messages));
    if (problem === undefined) return;
    troubles.warn('dropped a message to the inbox that cannot be read', problem);
    reread ??= setTimeout(() => {
      reread = undefined;
      tell(onResumed);
    }, rereadMs);
  });
  await subscription.open();
  opened = true;

  return {
    name,
    get hears() {
      return subscription.hears;
    },
    onMessages: (listener) => {
      onMessages = listener;
    },
    onResumed: (listener) => {
      onResumed = listener;
    },
    close: async () => {
      clearTimeout(reread);
      subscription.close();
    },
  };
}
