/** Submits tasks on a SubmitMany stream, so many to a message: bytes that were encoded once, so that the client costs little. */

import { Client, credentials } from '@grpc/grpc-js';
import {
  BrokerService,
  SubmitManyRequest,
  SubmitManyResponse,
  type SubmitManyResponse_Outcome,
  type SubmitRequest,
} from '@inferq/proto/gen/inferq/v1/broker.ts';
import { type Task, TaskState } from '@inferq/proto/gen/inferq/v1/task.ts';

const largestMessage = 64 * 1024 * 1024;
const terminal: readonly TaskState[] = [TaskState.SUCCEEDED, TaskState.FAILED, TaskState.CANCELLED, TaskState.EXPIRED];

export interface StreamLoad {
  /** HOST:PORT. */
  address: string;
  /** Taken in turn for the items of a message. */
  requests: readonly SubmitRequest[];
  /** Items of a message. */
  perMessage: number;
  messages: number;
  /** No message is sent while more tasks than this are open: without `follow` until their outcome, with it until their end. */
  open: number;
  follow: boolean;
  /** With `follow`: looks at each task as it ended. */
  onEnd?(task: Task): void;
}

/** Resolves to the seconds from the first message to the last answer. Throws where a task is refused, or does not succeed. */
export function streamTasks(load: StreamLoad): Promise<number> {
  const { address, requests, perMessage, messages, open, follow, onEnd } = load;
  const items = Array.from({ length: perMessage }, (_, index) => ({
    correlationId: String(index),
    follow,
    action: { $case: 'submit' as const, value: requests[index % requests.length] as SubmitRequest },
  }));
  const message = Buffer.from(SubmitManyRequest.encode(SubmitManyRequest.fromPartial({ items })).finish());
  const total = perMessage * messages;
  const accepted = new Map<string, number>();
  const ids = new Set<string>();
  let sent = 0;
  let answered = 0;

  const accept = ({ correlationId, result }: SubmitManyResponse_Outcome) => {
    if (result?.$case !== 'taskId') throw new Error(`a task was not accepted: ${JSON.stringify(result)}`);
    ids.add(result.value);
    accepted.set(correlationId, (accepted.get(correlationId) ?? 0) + 1);
    if (!follow) answered++;
  };
  const end = (task: Task) => {
    if (task.state !== TaskState.SUCCEEDED) throw new Error(`a task ended ${task.state}: ${task.error?.message}`);
    if (!ids.delete(task.id)) throw new Error('a task ended twice, or before it was accepted');
    onEnd?.(task);
    answered++;
  };

  return new Promise((resolve, reject) => {
    const client = new Client(address, credentials.createInsecure(), {
      'grpc.max_receive_message_length': largestMessage,
      'grpc.use_local_subchannel_pool': 1,
      'grpc.enable_channelz': 0,
    });
    const stream = client.makeBidiStreamRequest(
      BrokerService.submitMany.path,
      (bytes: Buffer) => bytes,
      (bytes: Buffer) => SubmitManyResponse.decode(bytes),
    );
    const began = performance.now();
    const send = () => {
      while (sent < total && sent - answered <= open - perMessage) {
        sent += perMessage;
        stream.write(message);
      }
    };
    let seconds = Number.NaN;
    const receive = ({ outcomes, events }: SubmitManyResponse) => {
      for (const outcome of outcomes) accept(outcome);
      for (const { kind } of events) if (kind?.$case === 'stateChanged' && terminal.includes(kind.value.state)) end(kind.value);
      if (answered < total) return send();
      if ([...accepted.values()].some((count) => count !== messages)) throw new Error('an item had more than one outcome');
      if (!follow && ids.size !== total) throw new Error('two tasks have one id');
      seconds = (performance.now() - began) / 1_000;
      stream.end();
    };
    stream.on('data', (response: SubmitManyResponse) => {
      try {
        receive(response);
      } catch (error) {
        stream.cancel();
        reject(error);
      }
    });
    stream.on('error', reject);
    stream.on('end', () => {
      if (answered === total) resolve(seconds);
      else reject(new Error(`the stream ended with ${total - answered} of ${total} tasks unanswered`));
    });
    stream.on('status', () => client.close());
    send();
  });
}
