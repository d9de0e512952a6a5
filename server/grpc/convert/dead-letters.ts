/** Which dead letters a request means, and what became of them. */

import type { Violation } from '@inferq/core/refusal.ts';
import type { TaskErrorCode as CoreTaskErrorCode } from '@inferq/core/task.ts';
import { taskErrorCodes } from '@inferq/core/task.ts';
import { violation } from '@inferq/core/violation.ts';
import type {
  DeadLetterFilter as ProtoFilter,
  RedriveDeadLettersRequest,
  RedriveDeadLettersResponse,
} from '@inferq/proto/gen/inferq/v1/admin.ts';
import { TaskErrorCode } from '@inferq/proto/gen/inferq/v1/task.ts';
import type { Broker, Redriven, RedriveSelection } from '../../broker.ts';
import { itemError } from '../status.ts';
import { readTime } from './time.ts';

type Filter = Parameters<Broker['listDeadLetters']>[0];

/** Reads the field `filter`; none filters nothing out. */
export function readFilter(filter: ProtoFilter | undefined, violations: Violation[]): Filter {
  if (filter === undefined) return {};
  const read: Filter = {};
  if (filter.model !== '') read.model = filter.model;
  if (filter.queue !== '') read.queue = filter.queue;
  if (filter.codes.length > 0) read.codes = filter.codes.flatMap((code, index) => readCode(code, index, violations));
  const after = readTime(filter.after, 'filter.after', violations);
  if (after !== undefined) read.after = after;
  const before = readTime(filter.before, 'filter.before', violations);
  if (before !== undefined) read.before = before;
  return read;
}

/** Reads the oneof `selection`. One that selects nothing is a violation, and then stands for no ids. */
export function readSelection(selection: RedriveDeadLettersRequest['selection'], violations: Violation[]): RedriveSelection {
  switch (selection?.$case) {
    case 'ids':
      return { kind: 'ids', ids: selection.value.taskIds };
    case 'filter':
      return { kind: 'filter', filter: readFilter(selection.value, violations) };
    case 'all':
      if (selection.value) return { kind: 'all' };
  }
  violations.push(violation('selection', 'nothing is selected: set ids, a filter, or all: true'));
  return { kind: 'ids', ids: [] };
}

/** The answer to a redrive. */
export function toRedriven({ matched, failedAgain, redriven, before, remaining, skipped }: Redriven): RedriveDeadLettersResponse {
  return {
    matched: BigInt(matched),
    redriven,
    remaining: BigInt(remaining),
    skipped: skipped.map(({ id, refusal }) => ({ taskId: id, error: itemError(refusal) })),
    redrivenBefore: before,
    failedAgain: BigInt(failedAgain),
  };
}

function readCode(code: TaskErrorCode, index: number, violations: Violation[]): CoreTaskErrorCode[] {
  const known = taskErrorCodes.find((name) => TaskErrorCode[name] === code);
  if (known !== undefined) return [known];
  violations.push(violation(`filter.codes[${index}]`, `${code} is not an error code of a task`));
  return [];
}
