/** RedriveDeadLetters: makes new tasks of dead letters, each once. */

import { granted, type Outcome, type Refusal, refused } from '@inferq/core/refusal.ts';
import { newTaskId, parseTaskId } from '@inferq/core/task-id.ts';
import type { DeadLetterFilter, QueueLimits, SubmissionQueue } from '@inferq/queue/queue.ts';
import type { Redriven, RedriveSelection, SkippedTask } from '../../broker.ts';
import type { Clock } from '../clock.ts';
import { answering, wrongField } from '../store-failure.ts';
import { fullQueue } from '../submit/full-queue.ts';
import { malformedId, refuseUnknown } from '../unknown-task.ts';
import { checkFilter, invalid } from './dead-letters.ts';
import { pageSizes } from './page.ts';

export interface RedriveParts {
  submission: Pick<SubmissionQueue, 'listDeadLetters' | 'redrive' | 'inspect'>;
  clock: Clock;
  limits: QueueLimits;
  randomBytes(count: number): Uint8Array;
}

/** What a selection comes to. `before`: ids that became a new task by an earlier call, with that task's id. */
interface Selected {
  ids: string[];
  failedAgain: number;
  before: Map<string, string>;
  skipped: SkippedTask[];
}

/**
 * Redrives up to `limit` (0: as many as one call may) of the selected dead letters, as far as their queues have room; refused where
 * there is no room for any of them. A dry run only counts them.
 */
export function redrive(
  parts: RedriveParts,
  selection: RedriveSelection,
  { dryRun, limit }: { dryRun: boolean; limit: number },
): Promise<Outcome<Redriven>> {
  return answering(async () => {
    if (!(Number.isInteger(limit) && limit >= 0 && limit <= pageSizes.max)) {
      return wrongField('limit', `is ${limit}; give 1 to ${pageSizes.max}, or 0 for ${pageSizes.max}; call again for the rest`);
    }
    const wrong = checkSelection(selection);
    if (wrong !== undefined) return { ok: false, refusal: wrong };
    const { ids, failedAgain, before, skipped } = await select(parts, selection);
    const counts = { matched: ids.length, failedAgain };
    if (dryRun) return granted({ ...counts, redriven: before, before: [...before.keys()], remaining: ids.length, skipped });
    const chosen = ids.slice(0, limit === 0 ? pageSizes.max : limit);
    const done = await parts.submission.redrive(chosen.map((id) => renamed(parts, id)));
    const [full] = done.full;
    if (full && done.redriven.size === 0) return fullQueue(full.what, full.queue, parts.limits, parts.randomBytes);
    const left = new Set(done.full.map(({ id }) => id));
    const gone = chosen.filter((id) => !done.redriven.has(id) && !left.has(id));
    return granted({
      ...counts,
      redriven: new Map([...before, ...done.redriven]),
      before: [...before.keys(), ...done.before],
      remaining: ids.length - chosen.length + left.size,
      skipped: [...skipped, ...gone.map((id) => ({ id, refusal: refuseUnknown(id) }))],
    });
  });
}

/** A new task stays in its dead letter's partition, where one script can move the inputs. */
function renamed({ clock, randomBytes }: RedriveParts, id: string): { id: string; newId: string } {
  return { id, newId: newTaskId(clock.now(), parseTaskId(id)?.partition ?? 0, randomBytes(14)) };
}

function select({ submission }: RedriveParts, selection: RedriveSelection): Promise<Selected> {
  if (selection.kind === 'ids') return selectIds(submission, [...new Set(selection.ids)]);
  return selectListed(submission, selection.kind === 'all' ? {} : selection.filter);
}

async function selectIds(submission: Pick<SubmissionQueue, 'inspect'>, ids: readonly string[]): Promise<Selected> {
  const selected: Selected = { ids: [], failedAgain: 0, before: new Map(), skipped: [] };
  const found = await submission.inspect(ids);
  for (const [index, id] of ids.entries()) {
    const task = found[index];
    if (task === undefined) selected.skipped.push({ id, refusal: refuseUnknown(id) });
    else if (task.redrivenTo !== undefined) selected.before.set(id, task.redrivenTo);
    else if (task.state === 'failed') {
      selected.ids.push(id);
      if (task.redrivenFrom !== undefined) selected.failedAgain++;
    } else {
      const message = `Task ${id} is not a dead letter: only failed tasks are, and its state is ${task.state}`;
      selected.skipped.push({ id, refusal: refused('NOT_A_DEAD_LETTER', message).refusal });
    }
  }
  return selected;
}

async function selectListed(submission: Pick<SubmissionQueue, 'listDeadLetters'>, filter: DeadLetterFilter): Promise<Selected> {
  const selected: Selected = { ids: [], failedAgain: 0, before: new Map(), skipped: [] };
  let token: string | undefined;
  do {
    const page = await submission.listDeadLetters(filter, pageSizes.max, token);
    for (const { id, redrivenFrom } of page.tasks) {
      selected.ids.push(id);
      if (redrivenFrom !== undefined) selected.failedAgain++;
    }
    token = page.nextToken;
  } while (token !== undefined);
  return selected;
}

function checkSelection(selection: RedriveSelection): Refusal | undefined {
  if (selection.kind === 'filter') return checkFilter(selection.filter);
  if (selection.kind === 'all') return undefined;
  if (selection.ids.length === 0 || selection.ids.length > pageSizes.max) {
    const description = `has ${selection.ids.length} ids, but must have between 1 and ${pageSizes.max}`;
    return invalid([{ field: 'ids.task_ids', description }]);
  }
  const wrong = selection.ids.flatMap((id, index) =>
    parseTaskId(id) === undefined ? [{ field: `ids.task_ids[${index}]`, description: malformedId(id) }] : [],
  );
  return wrong.length > 0 ? invalid(wrong) : undefined;
}
