/** A bare grpc-js server with our protocol's messages and one handler for Submit, as its own process; says `{"ready": {"port"}}`. */

import { Server, ServerCredentials, type ServerUnaryCall, type sendUnaryData, type UntypedServiceImplementation } from '@grpc/grpc-js';
import { BrokerService, type SubmitRequest, type SubmitResponse } from '@inferq/proto/gen/inferq/v1/broker.ts';

/** As our server's: see `--max-message-size`. */
const largestMessage = 64 * 1024 * 1024;

/** Serves until the process is ended. */
export function serve(submit: (request: SubmitRequest) => Promise<SubmitResponse> | SubmitResponse): void {
  const server = new Server({ 'grpc.max_receive_message_length': largestMessage, 'grpc.enable_channelz': 0 });
  const implementation: UntypedServiceImplementation = {
    submit: async (call: ServerUnaryCall<SubmitRequest, SubmitResponse>, callback: sendUnaryData<SubmitResponse>) => {
      try {
        callback(null, await submit(call.request));
      } catch (error) {
        callback(error as Error);
      }
    },
  };
  server.addService({ submit: BrokerService.submit }, implementation);
  server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) => {
    if (error) throw error;
    process.stdout.write(`${JSON.stringify({ ready: { port } })}\n`);
  });
}
