/** Failed tasks that are kept: listing them, and running them anew. */

import { isName, nameRule, shown } from '@inferq/core/names.ts';
import { granted, type Outcome, type Refusal, refused, type Violation } from '@inferq/core/refusal.ts';
import { newTaskId, parseTaskId } from '@inferq/core/task-id.ts';
import type { DeadLetterFilter, QueueLimits, SubmissionQueue } from '@inferq/queue/queue.ts';
import type { Page, RedriveSelection, TaskView } from '../../broker.ts';
import type { Clock } from '../clock.ts';
import { answering, wrongField } from '../store-failure.ts';
import { fullQueue } from '../submit/full-queue.ts';
import type { Views } from '../view.ts';
import { checkPageSize, decodeToken, encodeToken, pageSizes } from './page.ts';

export interface DeadLetterParts {
  submission: Pick<SubmissionQueue, 'listDeadLetters' | 'redrive' | 'inspect'>;
  views: Views;
  clock: Clock;
  limits: QueueLimits;
  randomBytes(count: number): Uint8Array;
}

/** `remaining`: selected ones that this call left where they are, because of its limit or because their queues are full. */
export interface Redriven {
  matched: number;
  redriven: Map<string, string>;
  remaining: number;
}

/** A page of dead letters, newest first as the queue keeps them, without outputs. */
export function listDeadLetters(
  { submission, views }: DeadLetterParts,
  filter: DeadLetterFilter,
  pageSize: number,
  token: string,
): Promise<Outcome<Page<TaskView>>> {
  return answering(async () => {
    const wrong = checkFilter(filter);
    if (wrong !== undefined) return { ok: false, refusal: wrong };
    const size = checkPageSize(pageSize);
    if (!size.ok) return size;
    const after = decodeToken(token);
    if (!after.ok) return after;
    const page = await submission.listDeadLetters(filter, size.value, token === '' ? undefined : after.value);
    const items = page.tasks.map((snapshot) => views.inline(snapshot, false));
    return granted({ items, nextToken: page.nextToken === undefined ? '' : encodeToken(page.nextToken) });
  });
}

/**
 * Runs up to `limit` (0: as many as one call may) of the selected dead letters anew, as far as their queues have room; where there is
 * none for any, it is refused. A dry run only counts them.
 */
export function redrive(
  parts: DeadLetterParts,
  selection: RedriveSelection,
  { dryRun, limit }: { dryRun: boolean; limit: number },
): Promise<Outcome<Redriven>> {
  return answering(async () => {
    if (!(Number.isInteger(limit) && limit >= 0 && limit <= pageSizes.max)) {
      return wrongField('limit', `is ${limit}; give 1 to ${pageSizes.max}, or 0 for ${pageSizes.max}; call again for the rest`);
    }
    const wrong = checkSelection(selection);
    if (wrong !== undefined) return { ok: false, refusal: wrong };
    const ids = await select(parts, selection);
    if (dryRun) return granted({ matched: ids.length, redriven: new Map(), remaining: ids.length });
    const chosen = ids.slice(0, limit === 0 ? pageSizes.max : limit);
    const { redriven, full } = await parts.submission.redrive(chosen.map((id) => renamed(parts, id)));
    const [first] = full;
    if (first && redriven.size === 0) return fullQueue(first.what, first.queue, parts.limits, parts.randomBytes);
    return granted({ matched: ids.length, redriven, remaining: ids.length - chosen.length + full.length });
  });
}

/** A new task stays in its dead letter's partition, where one script can move the inputs. */
function renamed({ clock, randomBytes }: DeadLetterParts, id: string): { id: string; newId: string } {
  return { id, newId: newTaskId(clock.now(), parseTaskId(id)?.partition ?? 0, randomBytes(14)) };
}

async function select({ submission }: DeadLetterParts, selection: RedriveSelection): Promise<string[]> {
  if (selection.kind === 'ids') {
    const ids = [...new Set(selection.ids)];
    // Also those that were redriven before: they answer the same new id again.
    const found = await submission.inspect(ids);
    return ids.filter((_id, index) => found[index]?.state === 'failed');
  }
  const ids: string[] = [];
  let token: string | undefined;
  do {
    const page = await submission.listDeadLetters(selection.kind === 'all' ? {} : selection.filter, pageSizes.max, token);
    for (const { id } of page.tasks) ids.push(id);
    token = page.nextToken;
  } while (token !== undefined);
  return ids;
}

function checkSelection(selection: RedriveSelection): Refusal | undefined {
  if (selection.kind === 'filter') return checkFilter(selection.filter);
  if (selection.kind === 'all') return undefined;
  if (selection.ids.length === 0 || selection.ids.length > pageSizes.max) {
    const description = `has ${selection.ids.length} ids, but must have between 1 and ${pageSizes.max}`;
    return invalid([{ field: 'ids.task_ids', description }]);
  }
  const wrong = selection.ids.flatMap((id, index) =>
    parseTaskId(id) === undefined ? [{ field: `ids.task_ids[${index}]`, description: `"${shown(id)}" is not a task id` }] : [],
  );
  return wrong.length > 0 ? invalid(wrong) : undefined;
}

function checkFilter({ model, queue, after, before }: DeadLetterFilter): Refusal | undefined {
  const wrong: Violation[] = [];
  if (model !== undefined && !isName(model))
    wrong.push({ field: 'filter.model', description: `"${shown(model)}" is not a valid name: use ${nameRule}` });
  if (queue !== undefined && !isName(queue))
    wrong.push({ field: 'filter.queue', description: `"${shown(queue)}" is not a valid name: use ${nameRule}` });
  if (after !== undefined && before !== undefined && after >= before) {
    wrong.push({ field: 'filter.before', description: 'must be later than after' });
  }
  return wrong.length > 0 ? invalid(wrong) : undefined;
}

function invalid(violations: [Violation, ...Violation[]] | Violation[]): Refusal {
  const [first] = violations as [Violation];
  return refused('INVALID_REQUEST', `${first.field}: ${first.description}`, { violations }).refusal;
}
