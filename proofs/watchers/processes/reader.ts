/** Watches many tasks over a few connections and reads all that comes. */

import { type ClientReadableStream, credentials } from '@grpc/grpc-js';
import { BrokerClient, WatchResultRequest, type WatchResultResponse } from '@inferq/proto/gen/inferq/v1/broker.ts';
import { TaskState } from '@inferq/proto/gen/inferq/v1/task.ts';
import { answerParent } from './answering.ts';

const connections = 4;
/** A server takes 1,000 calls of a connection. */
const callsPerConnection = 900;
const terminal: readonly TaskState[] = [TaskState.SUCCEEDED, TaskState.FAILED, TaskState.CANCELLED, TaskState.EXPIRED];

export type ReaderRequest = { do: 'open'; address: string; taskIds: string[] } | { do: 'await the ends' } | { do: 'close' };

/** Times in epoch milliseconds. */
export interface Ends {
  first: number;
  last: number;
  /** Watches that got a terminal event and then the end of their stream. */
  ended: number;
  /** What happened to the others, a sentence each. */
  violations: string[];
}

let clients: BrokerClient[] = [];
let calls: ClientReadableStream<WatchResultResponse>[] = [];
let ends: Promise<{ at: number; violation?: string }>[] = [];

function watch(client: BrokerClient, taskId: string): Promise<void> {
  const call = client.watchResult(WatchResultRequest.fromPartial({ taskId }));
  calls.push(call);
  let terminalAt: number | undefined;
  const opened = Promise.withResolvers<void>();
  call.on('data', ({ snapshot, events }: WatchResultResponse) => {
    opened.resolve();
    const last = events.at(-1)?.kind;
    const task = last?.$case === 'stateChanged' ? last.value : snapshot;
    if (task !== undefined && terminal.includes(task.state)) terminalAt = Date.now();
  });
  ends.push(
    new Promise((resolve) => {
      // Errors come as a status too.
      call.on('error', () => {});
      call.on('status', ({ code, details }) => {
        opened.resolve();
        if (code === 0 && terminalAt !== undefined) resolve({ at: terminalAt });
        else resolve({ at: Date.now(), violation: `the watch of ${taskId} ended without a terminal event: ${code} ${details}` });
      });
    }),
  );
  return opened.promise;
}

answerParent<ReaderRequest>(async (asked) => {
  switch (asked.do) {
    case 'open': {
      if (clients.length === 0) {
        const options = { 'grpc.use_local_subchannel_pool': 1, 'grpc.enable_channelz': 0 };
        const count = Math.max(connections, Math.ceil(asked.taskIds.length / callsPerConnection));
        clients = Array.from({ length: count }, () => new BrokerClient(asked.address, credentials.createInsecure(), options));
      }
      await Promise.all(asked.taskIds.map((taskId, index) => watch(clients[index % clients.length] as BrokerClient, taskId)));
      return {};
    }
    case 'await the ends': {
      const all = await Promise.all(ends);
      const times = all.map(({ at }) => at);
      const violations = all.flatMap(({ violation }) => violation ?? []);
      return { first: Math.min(...times), last: Math.max(...times), ended: all.length - violations.length, violations } satisfies Ends;
    }
    case 'close': {
      for (const call of calls) call.cancel();
      await Promise.all(ends);
      for (const client of clients) client.close();
      calls = [];
      ends = [];
      clients = [];
      return {};
    }
  }
});
