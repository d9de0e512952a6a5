/** Turns a Submit into the task it asks for, or into a list of everything that is wrong with it. Pure. */

import { defaults, limits } from '@inferq/core/limits.ts';
import type { ModelSpec } from '@inferq/core/model.ts';
import { shown, shownList } from '@inferq/core/names.ts';
import { checkParameters } from '@inferq/core/parameters.ts';
import { granted, type Outcome, type RefusalReason, refused, type Violation } from '@inferq/core/refusal.ts';
import { didYouMean } from '@inferq/core/suggestion.ts';
import { checkInputs, type InputCheck } from '@inferq/core/tensor/check.ts';
import { violation } from '@inferq/core/violation.ts';
import type { NewTask } from '@inferq/queue/queue.ts';
import type { SubmitCommand } from '../../broker.ts';
import { encodeMetadata } from '../metadata.ts';
import { type KnownModels, resolveVersion } from '../registry/known-models.ts';
import { failedModel, type UnknownModel, unknownModel } from '../registry/unknown-model.ts';
import { checkResult, checkRunLimits, runsInOneSlice } from './check-limits.ts';
import { checkNames } from './check-names.ts';
import { checkCall, checkNumbers, type SubmitCall } from './check-options.ts';
import { checkTimes } from './check-times.ts';
import { startLimits } from './start-deadline.ts';

/** A task before it gets its id. */
export type PlannedTask = Omit<NewTask, 'id' | 'watchBy' | 'endOnly'>;

export interface PlanContext {
  known: KnownModels;
  /** The limit for the encoded inputs and parameters. */
  maxInputBytes: number;
  /** Epoch milliseconds. */
  now: number;
}

/**
 * Checks a whole command and fills in what the client left out: from the model's settings, otherwise the documented default. Encodes
 * the input if the command is valid; otherwise refuses it and names every wrong field.
 */
export function planSubmit(command: SubmitCommand, call: SubmitCall, context: PlanContext): Outcome<PlannedTask> {
  const { known, now } = context;
  const named = checkNames(command);
  const namesAreRight = !named.some(({ field }) => field === 'model' || field === 'version');
  const model = namesAreRight ? findModel(known, command) : undefined;
  const spec = model && 'digest' in model ? model : undefined;
  const inputs = spec === undefined ? undefined : checkInputs(spec.inputs, command.inputs, spec);
  const rows = inputs?.violations.length === 0 ? inputs.rows : undefined;
  const wrong = [
    ...named,
    ...checkNumbers(command),
    ...(inputs?.violations ?? []),
    ...(spec === undefined ? [] : checkParameters(spec.parameters, command.parameters)),
    ...checkTimes(command, now),
    ...checkRunLimits(command, spec, rows),
    ...checkResult(command, spec, call),
    ...checkCall(call),
  ];
  const missing = [
    ...(model && 'message' in model ? [{ ...model, violation: violation(model.field, model.message) }] : []),
    ...(command.queue !== '' && !known.queues.has(command.queue) && !named.some(({ field }) => field === 'queue')
      ? [missingQueue(command.queue, known.queues)]
      : []),
  ];
  if (wrong.length > 0) return invalid([...missing.map(({ violation }) => violation), ...wrong]);
  const [first] = missing;
  if (first !== undefined) return refused(first.reason, first.message, { violations: missing.map(({ violation }) => violation) });
  return assemble(command, call, spec as ModelSpec, inputs as InputCheck, context);
}

function invalid(violations: Violation[]): Outcome<never> {
  const [first] = violations as [Violation];
  const more = violations.length > 1 ? ` (and ${violations.length - 1} more)` : '';
  return refused('INVALID_REQUEST', `${first.field}: ${first.description}${more}`, { violations });
}

/** The version that should run the task, or why there is none. */
function findModel(known: KnownModels, { model, version, queue }: SubmitCommand): ModelSpec | UnknownModel {
  const spec = resolveVersion(known, model, version, queue);
  if (spec === undefined) return unknownModel(known, model, version);
  return known.liveExecutors(spec.name, spec.version) > 0 ? spec : (failedModel(known, model, version) ?? spec);
}

interface Missing {
  reason: RefusalReason;
  message: string;
  violation: Violation;
}

function missingQueue(queue: string, queues: ReadonlySet<string>): Missing {
  const message = `There is no queue "${shown(queue)}".${didYouMean(queue, queues)} Known: ${shownList([...queues].sort())}`;
  return { reason: 'QUEUE_NOT_FOUND', message, violation: violation('queue', message) };
}

function assemble(
  command: SubmitCommand,
  call: SubmitCall,
  spec: ModelSpec,
  { rows, signature }: InputCheck,
  { now, maxInputBytes }: PlanContext,
): Outcome<PlannedTask> {
  const input = command.encodeInput();
  if (input.length > maxInputBytes) {
    return refused('TOO_LARGE', `The task's inputs have ${input.length} bytes; the limit of this server is ${maxInputBytes} per task`);
  }
  const ignoreResult = command.ignoreResult ?? spec.ignoreResult;
  const hardLimitMs = Math.ceil(command.hardLimitMs ?? spec.hardLimitMs);
  const metadata = encodeMetadata(command.metadata);
  return granted({
    model: spec.name,
    version: spec.version,
    openVersion: command.version === '',
    queue: command.queue === '' ? spec.queue : command.queue,
    priority: command.priority ?? defaults.priority,
    maxAttempts: command.maxAttempts ?? spec.retry.maxAttempts,
    rows,
    signature,
    hardLimitMs,
    ...softLimit(command, spec, rows, hardLimitMs),
    resultTtlMs: ignoreResult ? limits.ignoredResultTtlMs : Math.ceil(command.resultTtlMs ?? spec.resultTtlMs),
    ignoreResult,
    contents: command.contents,
    // Workers of older releases do not announce this setting.
    keepInput: command.keepInput ?? spec.keepInput ?? false,
    ...start(command, now),
    ...startLimits(command, call, now),
    input,
    ...(metadata === undefined ? {} : { metadata }),
  });
}

/** A model's own soft limit is ignored if it can have no effect: with a single slice, or if it is not below the task's hard limit. */
function softLimit(command: SubmitCommand, spec: ModelSpec, rows: number, hardLimitMs: number): Pick<NewTask, 'softLimitMs'> {
  if (command.softLimitMs !== undefined) return { softLimitMs: Math.ceil(command.softLimitMs) };
  const own = spec.softLimitMs;
  return own === undefined || own >= hardLimitMs || runsInOneSlice(spec, rows) ? {} : { softLimitMs: own };
}

function start({ delayMs = 0, notBefore = 0 }: SubmitCommand, now: number): Pick<NewTask, 'delayMs' | 'notBefore'> {
  if (delayMs > 0) return { delayMs: Math.ceil(delayMs) };
  return notBefore > now ? { notBefore: Math.ceil(notBefore) } : {};
}
