/** Cancel: a durable request, answered with the task as it stands after it. */

import type { Outcome } from '@inferq/core/refusal.ts';
import type { SubmissionQueue } from '@inferq/queue/queue.ts';
import type { TaskView } from '../../broker.ts';
import { answering } from '../store-failure.ts';
import { refuseMalformedId } from '../unknown-task.ts';
import { type ReadParts, viewOrRefusal } from './read-task.ts';

/** `force` ends a running task at once instead of when its run returns. The view is without outputs. */
export function cancelTask(
  parts: Pick<ReadParts, 'views'> & { submission: Pick<SubmissionQueue, 'cancel'> },
  taskId: string,
  force: boolean,
): Promise<Outcome<TaskView>> {
  return answering(async () => {
    const malformed = refuseMalformedId(taskId);
    if (malformed !== undefined) return { ok: false, refusal: malformed };
    return viewOrRefusal(parts, taskId, await parts.submission.cancel({ id: taskId, force }), false);
  });
}
