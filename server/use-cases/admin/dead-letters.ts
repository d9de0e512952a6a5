/** ListDeadLetters: failed tasks that are kept. */

import { isName, nameRule, shown } from '@inferq/core/names.ts';
import { granted, type Outcome, type Refusal, refused, type Violation } from '@inferq/core/refusal.ts';
import type { DeadLetterFilter, SubmissionQueue } from '@inferq/queue/queue.ts';
import type { Page, TaskView } from '../../broker.ts';
import { answering } from '../store-failure.ts';
import type { Views } from '../view.ts';
import { checkPageSize, decodeToken, encodeToken } from './page.ts';

export interface DeadLetterParts {
  submission: Pick<SubmissionQueue, 'listDeadLetters'>;
  views: Views;
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

/** What is wrong with a filter, if anything. */
export function checkFilter({ model, queue, after, before }: DeadLetterFilter): Refusal | undefined {
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

/** The refusal for one or more violations. */
export function invalid(violations: readonly Violation[]): Refusal {
  const [first] = violations;
  return refused('INVALID_REQUEST', `${first?.field}: ${first?.description}`, { violations: [...violations] }).refusal;
}
