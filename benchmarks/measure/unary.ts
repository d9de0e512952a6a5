/** Calls of Submit by a bare grpc-js client. */

import { credentials, type ServiceError } from '@grpc/grpc-js';
import { BrokerClient, type SubmitRequest, type SubmitResponse } from '@inferq/proto/gen/inferq/v1/broker.ts';

const largestMessage = 64 * 1024 * 1024;

export class UnaryClient {
  readonly #client: BrokerClient;

  /** `address` is HOST:PORT; connects with the first call, over a connection of its own. */
  constructor(address: string) {
    this.#client = new BrokerClient(address, credentials.createInsecure(), {
      'grpc.max_receive_message_length': largestMessage,
      'grpc.use_local_subchannel_pool': 1,
      'grpc.enable_channelz': 0,
    });
  }

  submit(request: SubmitRequest): Promise<SubmitResponse> {
    return new Promise((resolve, reject) => {
      this.#client.submit(request, (error: ServiceError | null, response: SubmitResponse) => (error ? reject(error) : resolve(response)));
    });
  }

  close(): void {
    this.#client.close();
  }
}
