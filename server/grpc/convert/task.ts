/** A task as clients see it. */

import type {
  Execution as CoreExecution,
  TaskError as CoreTaskError,
  TaskErrorCode as CoreTaskErrorCode,
  TaskState as CoreTaskState,
  TaskSnapshot,
} from '@inferq/core/task.ts';
import type { Execution, Progress, TaskError } from '@inferq/proto/gen/inferq/v1/task.ts';
import { Task, TaskErrorCode, TaskState } from '@inferq/proto/gen/inferq/v1/task.ts';
import type { TaskView } from '../../broker.ts';
import { decodeMetadata } from '../../use-cases/metadata.ts';
import { fieldNumbers } from '../replies/field-numbers.ts';
import { Fields } from '../replies/fields.ts';
import type { OutputSelection } from './output-options.ts';
import { outputFields } from './outputs.ts';
import { toDate, toDuration } from './time.ts';

const states: Record<CoreTaskState, TaskState> = {
  scheduled: TaskState.SCHEDULED,
  queued: TaskState.QUEUED,
  running: TaskState.RUNNING,
  succeeded: TaskState.SUCCEEDED,
  failed: TaskState.FAILED,
  cancelled: TaskState.CANCELLED,
  expired: TaskState.EXPIRED,
};

/** The fields of a Task: the view with the outputs that `selection` asks for. */
export async function taskFields(view: TaskView, selection: OutputSelection): Promise<Fields> {
  const { output, snapshot } = view;
  const { outputs, classifications } = await outputFields(fieldNumbers.taskOutputs, output, selection, snapshot.contents);
  return Fields.of(Task, { ...toTask(view), classifications }).and(outputs);
}

/** The view without outputs. */
export function toTask({ snapshot, unserved }: TaskView): Task {
  return {
    id: snapshot.id,
    state: states[snapshot.state],
    model: snapshot.model,
    version: snapshot.version,
    queue: snapshot.queue,
    priority: snapshot.priority,
    attempt: snapshot.attempt,
    maxAttempts: snapshot.maxAttempts,
    sequence: BigInt(snapshot.sequence),
    cancelRequested: snapshot.cancelRequested,
    partial: snapshot.partial,
    outputs: [],
    classifications: [],
    error: snapshot.error && toTaskError(snapshot.error),
    execution: snapshot.execution && toExecution(snapshot.execution),
    earlierExecutions: snapshot.earlierExecutions.map(toExecution),
    submitTime: toDate(snapshot.submittedAt),
    notBefore: toDate(snapshot.notBefore),
    startDeadline: toDate(snapshot.startDeadline),
    startTime: toDate(snapshot.startedAt),
    endTime: toDate(snapshot.endedAt),
    resultExpireTime: toDate(snapshot.resultExpiresAt),
    metadata: decodeMetadata(snapshot.metadata),
    redrivenFrom: snapshot.redrivenFrom ?? '',
    redrivenTo: snapshot.redrivenTo ?? '',
    chargedAttempts: snapshot.chargedAttempts,
    progress: toProgress(snapshot.progress),
    unserved: unserved !== undefined,
    unservedReason: unserved ?? '',
  };
}

/** What a running task tells of itself. */
export function toProgress(progress: TaskSnapshot['progress']): Progress | undefined {
  return progress && { fraction: progress.fraction, message: progress.message };
}

function toTaskError({ code, message, detail }: CoreTaskError): TaskError {
  const byCode: Record<CoreTaskErrorCode, TaskErrorCode> = TaskErrorCode;
  return { code: byCode[code], message, detail };
}

function toExecution(execution: CoreExecution): Execution {
  const { attempt, worker, executor, device, batchTasks, batchRows, error } = execution;
  return {
    attempt,
    worker,
    executor,
    device,
    batchTasks,
    batchRows,
    queued: toDuration(execution.queuedMs),
    ran: toDuration(execution.ranMs),
    startTime: toDate(execution.startedAt),
    endTime: toDate(execution.endedAt),
    error: error && toTaskError(error),
  };
}
