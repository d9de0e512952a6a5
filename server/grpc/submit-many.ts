/** SubmitMany: items in, outcomes and events of followed tasks out. */

import { limits } from '@inferq/core/limits.ts';
import { shown } from '@inferq/core/names.ts';
import { isTerminal } from '@inferq/core/task.ts';
import type { SubmitManyResponse } from '@inferq/proto/gen/inferq/v1/broker.ts';
import { SubmitManyResponse_Outcome as Outcome } from '@inferq/proto/gen/inferq/v1/broker.ts';
import type { Broker, CallContext, StreamItem, StreamReply, SubmitStream } from '../broker.ts';
import type { Conversation } from './bidi-call.ts';
import { eventBytes, eventFields } from './convert/event.ts';
import { everything } from './convert/output-options.ts';
import { taskFields } from './convert/task.ts';
import { groupBySize } from './grouping.ts';
import type { PackedItem, PackedSubmitMany } from './intake/packed-inputs.ts';
import { fieldNumbers } from './replies/field-numbers.ts';
import { Fields } from './replies/fields.ts';
import { SentItems } from './sent-items.ts';
import { itemError } from './status.ts';
import { readItem } from './submit-item.ts';

/** Opens a stream. */
export function submitMany(broker: Broker, call: CallContext): Conversation<PackedSubmitMany, SubmitManyResponse> {
  const stream = broker.submitMany(call);
  const sent = new SentItems();
  const read = async (given: PackedItem): Promise<StreamItem> => {
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

async function* messages(stream: SubmitStream, sent: SentItems): AsyncGenerator<Fields> {
  for await (const replies of stream.replies) {
    for (const group of groupBySize(replies, replyBytes)) {
      // In order: what an item remembers changes with each of its replies.
      const fields: Promise<Fields>[] = group.map((reply) => (reply.kind === 'event' ? eventOf(reply, sent) : outcomeOf(reply, sent)));
      yield Fields.none.and(...(await Promise.all(fields)));
    }
  }
}

type EventReply = Extract<StreamReply, { kind: 'event' }>;
type OutcomeReply = Exclude<StreamReply, EventReply>;

async function eventOf({ taskId, event }: EventReply, sent: SentItems): Promise<Fields> {
  const { selection, contents } = sent.following(taskId) ?? { selection: everything, contents: false };
  if (event.kind === 'state' && isTerminal(event.view.snapshot.state)) sent.ended(taskId);
  return (await eventFields(event, selection, contents)).in(fieldNumbers.streamEvents);
}

async function outcomeOf(reply: OutcomeReply, sent: SentItems): Promise<Fields> {
  return (await outcomeFields(reply, sent)).in(fieldNumbers.streamOutcomes);
}

async function outcomeFields(reply: OutcomeReply, sent: SentItems): Promise<Fields> {
  const item = sent.get(reply.correlationId);
  const { correlationId, selection } = item;
  switch (reply.kind) {
    case 'refused':
      sent.drop(item);
      return Fields.of(Outcome, { correlationId, duplicate: false, result: { $case: 'error', value: itemError(reply.refusal) } });
    case 'accepted':
      sent.answered(item, reply.taskId);
      return Fields.of(Outcome, { correlationId, duplicate: reply.duplicate, result: { $case: 'taskId', value: reply.taskId } });
    case 'snapshot': {
      const { snapshot } = reply.view;
      item.contents = snapshot.contents;
      if (isTerminal(snapshot.state)) sent.drop(item);
      else sent.answered(item, snapshot.id);
      const outcome = Fields.of(Outcome, { correlationId, duplicate: reply.duplicate, result: undefined });
      return outcome.and((await taskFields(reply.view, selection)).in(fieldNumbers.outcomeSnapshot));
    }
  }
}

function replyBytes(reply: StreamReply): number {
  if (reply.kind === 'event') return eventBytes(reply.event);
  return 512 + (reply.kind === 'snapshot' ? (reply.view.output?.byteLength ?? 0) : 0);
}
