/** One item of a SubmitMany message, free of proto; one that cannot be read becomes a refused one, and its neighbours go on. */

import { limits } from '@inferq/core/limits.ts';
import type { Refusal, Violation } from '@inferq/core/refusal.ts';
import { refused } from '@inferq/core/refusal.ts';
import type { Broker, CallContext, StreamItem } from '../broker.ts';
import type { OutputSelection } from './convert/output-options.ts';
import { everything, readOutputOptions } from './convert/output-options.ts';
import { readSubmit } from './convert/submit.ts';
import { readDuration } from './convert/time.ts';
import { readWatch } from './convert/watch.ts';
import { type PackedItem, type PackedSubmit, release } from './intake/packed-inputs.ts';
import { checkModelOutputs, checkTaskOutputs } from './output-names.ts';
import { readRequest } from './violations.ts';

/** An item with what the edge must remember to convert its replies; `contents` is known of submits only. */
export interface ReadItem {
  item: StreamItem;
  selection: OutputSelection;
  contents: boolean;
}

/** Reads the item; asks the broker only where outputs are selected by name. */
export async function readItem(broker: Broker, item: PackedItem, call: CallContext): Promise<ReadItem> {
  const { correlationId, follow, endOnly, action } = item;
  const given = { correlationId, follow, endOnly };
  const idBytes = Buffer.byteLength(correlationId);
  if (idBytes > limits.correlationIdBytes) {
    if (action?.$case === 'submit') release(action.value);
    return refusedItem(item, correlationIdTooLong(idBytes));
  }
  switch (action?.$case) {
    case 'submit': {
      const read = readRequest((violations) => readSubmitItem(action.value, violations));
      if (!read.ok) return refusedSubmit(item, action.value, read.refusal);
      const { command, call: asked, selection } = read.value;
      const checked = await checkModelOutputs(broker, selection, command.model, command.version);
      if (!checked.ok) return refusedSubmit(item, action.value, checked.refusal);
      const outputs = !selection.omit;
      return { item: { ...given, outputs, action: 'submit', command, ...asked }, selection, contents: command.contents };
    }
    case 'watch': {
      const read = readRequest((violations) => readWatch(action.value, violations));
      if (!read.ok) return refusedItem(item, read.refusal);
      const { taskId } = action.value;
      const { options, selection } = read.value;
      const checked = await checkTaskOutputs(broker, selection, taskId, call);
      if (!checked.ok) return refusedItem(item, checked.refusal);
      return { item: { ...given, outputs: options.outputs, action: 'watch', taskId, options }, selection, contents: false };
    }
    case 'cancel': {
      const { taskId, force } = action.value;
      return { item: { ...given, outputs: true, action: 'cancel', taskId, force }, selection: everything, contents: false };
    }
    default:
      return refusedItem(item, emptyItem.refusal);
  }
}

const emptyItem = refused('INVALID_REQUEST', 'the item has no action: set submit, watch or cancel');

function readSubmitItem(request: PackedSubmit, violations: Violation[]) {
  const waitMs = readDuration(request.wait, 'wait', violations);
  return {
    command: readSubmit(request, violations),
    call: { bindToCall: request.bindToCall, ...(waitMs === undefined ? {} : { waitMs }) },
    selection: readOutputOptions(request.outputs, violations),
  };
}

function correlationIdTooLong(bytes: number): Refusal {
  const description = `has ${bytes} bytes; the limit is ${limits.correlationIdBytes}`;
  return refused('INVALID_REQUEST', `correlation_id: ${description}`, { violations: [{ field: 'correlation_id', description }] }).refusal;
}

function refusedSubmit(item: PackedItem, request: PackedSubmit, refusal: Refusal): ReadItem {
  release(request);
  return refusedItem(item, refusal);
}

function refusedItem({ correlationId, follow, endOnly }: PackedItem, refusal: Refusal): ReadItem {
  return { item: { correlationId, follow, endOnly, outputs: false, action: 'refused', refusal }, selection: everything, contents: false };
}
