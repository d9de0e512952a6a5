/** What a stream costs without inferq: a grpc-js server whose WatchResult sends one message and stays open. */

import { Server, ServerCredentials, type ServerWritableStream } from '@grpc/grpc-js';
import { BrokerDefinition, WatchResultRequest, WatchResultResponse } from '@inferq/proto/gen/inferq/v1/broker.ts';
import { Task, TaskState } from '@inferq/proto/gen/inferq/v1/task.ts';
import '@inferq/test/support/memory-probe.ts';

const { fullName, methods } = BrokerDefinition;
const server = new Server({ 'grpc.enable_channelz': 0 });
server.register(
  `/${fullName}/${methods.watchResult.name}`,
  (call: ServerWritableStream<WatchResultRequest, WatchResultResponse>) => {
    call.write({ snapshot: Task.fromPartial({ id: call.request.taskId, state: TaskState.QUEUED, model: 'digits' }), events: [] });
  },
  (reply: WatchResultResponse) => Buffer.from(WatchResultResponse.encode(reply).finish()),
  (bytes: Buffer) => WatchResultRequest.decode(bytes),
  'serverStream',
);
server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) => {
  if (error) throw error;
  process.send?.({ kind: 'ready', address: `127.0.0.1:${port}` });
});
process.once('disconnect', () => process.exit());
