/**
 * Watches many tasks and reads nothing. Every other connection gives its streams no room at all, so that the server has to keep
 * everything; the others give what HTTP/2 gives where nothing is said, and never more.
 */

import type { ClientHttp2Stream } from 'node:http2';
import { connectWatcher, type Watcher } from '@inferq/test/support/raw-watch.ts';
import { answerParent } from './answering.ts';

const windows = [0, 65_535, 0, 65_535];

export type SleeperRequest = { do: 'open'; address: string; taskIds: string[] } | { do: 'count' } | { do: 'close' };

/** How many streams the server has left open. */
export interface Open {
  open: number;
}

let watchers: Watcher[] = [];
/** A server takes 1,000 calls of a connection. */
const callsPerConnection = 900;
let streams: ClientHttp2Stream[] = [];

/** Resolves when the server has accepted the call. */
function accepted(stream: ClientHttp2Stream): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.once('response', () => resolve());
    stream.once('error', reject);
  });
}

answerParent<SleeperRequest>(async (asked) => {
  switch (asked.do) {
    case 'open':
      watchers = Array.from({ length: Math.ceil(asked.taskIds.length / (windows.length * callsPerConnection)) }, () =>
        windows.map((windowBytes) => connectWatcher(asked.address, windowBytes)),
      ).flat();
      streams = asked.taskIds.map((taskId, index) => (watchers[index % watchers.length] as Watcher).open(taskId));
      await Promise.all(streams.map(accepted));
      return {};
    case 'count':
      return { open: streams.filter(({ closed, destroyed }) => !closed && !destroyed).length } satisfies Open;
    case 'close':
      for (const stream of streams) stream.on('error', () => {});
      for (const watcher of watchers) watcher.close();
      watchers = [];
      streams = [];
      return {};
  }
});
