/** SubmitMany: items in, outcomes and events of followed tasks out. */

import { limits } from '@inferq/core/limits.ts';
import { shown } from '@inferq/core/names.ts';
import { isTerminal } from '@inferq/core/task.ts';
import type {
  SubmitManyRequest,
  SubmitManyRequest_Item,
  SubmitManyResponse,
  SubmitManyResponse_Outcome,
} from '@inferq/proto/gen/inferq/v1/broker.ts';
import type { TaskEvent } from '@inferq/proto/gen/inferq/v1/event.ts';
import type { Broker, CallContext, StreamItem, StreamReply, SubmitStream } from '../broker.ts';
import type { Conversation } from './bidi-call.ts';
import { eventBytes, toTaskEvent } from './convert/event.ts';
import { everything } from './convert/output-options.ts';
import { toTask } from './convert/task.ts';
import { groupBySize } from './grouping.ts';
import { SentItems } from './sent-items.ts';
import { itemError } from './status.ts';
import { readItem } from './submit-item.ts';

/** Opens a stream. */
export function submitMany(broker: Broker, call: CallContext): Conversation<SubmitManyRequest, SubmitManyResponse> {
  const stream = broker.submitMany(call);
  const sent = new SentItems();
  const read = async (given: SubmitManyRequest_Item): Promise<StreamItem> => {
    const { item, selection, contents } = await readItem(broker, given, call);
    // A reply must not carry megabytes back.
    const correlationId = given.correlationId.length > limits.correlationIdBytes ? shown(given.correlationId) : given.correlationId;
    // A watch follows its task whether it says so or not.
    const follow = given.follow || item.action === 'watch';
    return { ...item, correlationId: sent.add({ correlationId, follow, selection, contents }) };
  };
  return {
    receive: async ({ items }) => stream.push(await Promise.all(items.map(read))),
    end: () => stream.end(),
    replies: messages(stream, sent),
  };
}

async function* messages(stream: SubmitStream, sent: SentItems): AsyncGenerator<SubmitManyResponse> {
  for await (const replies of stream.replies) {
    for (const group of groupBySize(replies, replyBytes)) {
      const message: SubmitManyResponse = { outcomes: [], events: [] };
      for (const reply of group) {
        if (reply.kind === 'event') message.events.push(toEvent(reply, sent));
        else message.outcomes.push(toOutcome(reply, sent));
      }
      yield message;
    }
  }
}

type EventReply = Extract<StreamReply, { kind: 'event' }>;
type OutcomeReply = Exclude<StreamReply, EventReply>;

function toEvent({ taskId, event }: EventReply, sent: SentItems): TaskEvent {
  const { selection, contents } = sent.following(taskId) ?? { selection: everything, contents: false };
  if (event.kind === 'state' && isTerminal(event.view.snapshot.state)) sent.ended(taskId);
  return toTaskEvent(event, selection, contents);
}

function toOutcome(reply: OutcomeReply, sent: SentItems): SubmitManyResponse_Outcome {
  const item = sent.get(reply.correlationId);
  const { correlationId, selection } = item;
  switch (reply.kind) {
    case 'refused':
      sent.drop(item);
      return { correlationId, duplicate: false, result: { $case: 'error', value: itemError(reply.refusal) } };
    case 'accepted':
      sent.answered(item, reply.taskId);
      return { correlationId, duplicate: reply.duplicate, result: { $case: 'taskId', value: reply.taskId } };
    case 'snapshot': {
      const { snapshot } = reply.view;
      item.contents = snapshot.contents;
      if (isTerminal(snapshot.state)) sent.drop(item);
      else sent.answered(item, snapshot.id);
      return { correlationId, duplicate: reply.duplicate, result: { $case: 'snapshot', value: toTask(reply.view, selection) } };
    }
  }
}

function replyBytes(reply: StreamReply): number {
  if (reply.kind === 'event') return eventBytes(reply.event);
  return 512 + (reply.kind === 'snapshot' ? (reply.view.output?.byteLength ?? 0) : 0);
}
