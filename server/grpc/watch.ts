/** WatchResult: a task's snapshot, then its events as they come. */

import type { Outcome } from '@inferq/core/refusal.ts';
import { granted } from '@inferq/core/refusal.ts';
import type { WatchResultRequest, WatchResultResponse } from '@inferq/proto/gen/inferq/v1/broker.ts';
import type { Broker, CallContext, WatchUpdate } from '../broker.ts';
import { eventBytes, toTaskEvent } from './convert/event.ts';
import type { OutputSelection } from './convert/output-options.ts';
import { toTask } from './convert/task.ts';
import { readWatch } from './convert/watch.ts';
import { groupBySize } from './grouping.ts';
import { checkTaskOutputs } from './output-names.ts';
import { fillSilence } from './silence.ts';
import { readRequest } from './violations.ts';

/** Opens a watch whose stream says something at least every `silenceMs`. */
export async function watchResult(
  broker: Broker,
  silenceMs: number,
  request: WatchResultRequest,
  call: CallContext,
): Promise<Outcome<AsyncIterable<WatchResultResponse>>> {
  const read = readRequest((violations) => readWatch(request, violations));
  if (!read.ok) return read;
  const { selection, options } = read.value;
  const checked = await checkTaskOutputs(broker, selection, request.taskId, call);
  if (!checked.ok) return checked;
  const updates = await broker.watch(request.taskId, options, call);
  if (!updates.ok) return updates;
  return granted(fillSilence(messages(updates.value, selection), silenceMs, () => ({ snapshot: undefined, events: [] })));
}

async function* messages(updates: AsyncIterable<WatchUpdate>, selection: OutputSelection): AsyncGenerator<WatchResultResponse> {
  let contents = false;
  for await (const update of updates) {
    if (update.kind === 'snapshot') {
      contents = update.view.snapshot.contents;
      yield { snapshot: toTask(update.view, selection), events: [] };
    } else {
      for (const group of groupBySize(update.events, eventBytes)) {
        yield { snapshot: undefined, events: group.map((event) => toTaskEvent(event, selection, contents)) };
      }
    }
  }
}
