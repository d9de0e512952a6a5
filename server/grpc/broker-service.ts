/** inferq.v1.Broker: each method reads its request, asks its use case and converts the answer. */

import type { Outcome } from '@inferq/core/refusal.ts';
import { granted } from '@inferq/core/refusal.ts';
import type { GetResultRequest } from '@inferq/proto/gen/inferq/v1/broker.ts';
import { BrokerDefinition, SubmitResponse } from '@inferq/proto/gen/inferq/v1/broker.ts';
import type { Broker, CallContext } from '../broker.ts';
import { bidiRoute } from './bidi-call.ts';
import { inputFields } from './convert/input.ts';
import { toModel } from './convert/model.ts';
import { everything, readEncoding, readOutputOptions } from './convert/output-options.ts';
import { readSubmit } from './convert/submit.ts';
import { taskFields } from './convert/task.ts';
import { readDuration } from './convert/time.ts';
import { type PackedSubmit, packedSubmit, packedSubmitMany } from './intake/packed-inputs.ts';
import { checkModelOutputs, checkTaskOutputs } from './output-names.ts';
import { fieldNumbers } from './replies/field-numbers.ts';
import { Fields } from './replies/fields.ts';
import type { Route } from './route.ts';
import { serverStreamRoute } from './server-stream-call.ts';
import { submitMany } from './submit-many.ts';
import { unaryRoute } from './unary-call.ts';
import { readRequest } from './violations.ts';
import { watchResult } from './watch.ts';

/** The service's routes. A watch says something at least every `silenceMs`. */
export function brokerRoutes(broker: Broker, { silenceMs }: { silenceMs: number }): Route[] {
  const { methods } = BrokerDefinition;
  return [
    unaryRoute({ ...methods.submit, requestType: packedSubmit }, (request, call) => submit(broker, request, call)),
    bidiRoute({ ...methods.submitMany, requestType: packedSubmitMany }, (call) => submitMany(broker, call)),
    unaryRoute(methods.getResult, (request, call) => getResult(broker, request, call)),
    serverStreamRoute(methods.watchResult, (request, call) => watchResult(broker, silenceMs, request, call)),
    unaryRoute(methods.cancel, async ({ taskId, force }) => {
      const outcome = await broker.cancel(taskId, force);
      return outcome.ok ? granted((await taskFields(outcome.value, everything)).in(fieldNumbers.cancelTask)) : outcome;
    }),
    unaryRoute(methods.getInput, async ({ taskId, encoding }) => {
      const read = readRequest((violations) => readEncoding(encoding, 'encoding', violations));
      if (!read.ok) return read;
      const outcome = await broker.getInput(taskId);
      return outcome.ok ? granted(await inputFields(outcome.value, read.value)) : outcome;
    }),
    unaryRoute(methods.getModel, async ({ model, version }) => {
      const outcome = await broker.getModel(model, version);
      return outcome.ok ? granted({ model: toModel(outcome.value) }) : outcome;
    }),
  ];
}

async function submit(broker: Broker, request: PackedSubmit, call: CallContext): Promise<Outcome<Fields>> {
  const read = readRequest((violations) => ({
    command: readSubmit(request, violations),
    waitMs: readDuration(request.wait, 'wait', violations),
    selection: readOutputOptions(request.outputs, violations),
  }));
  if (!read.ok) return read;
  const { command, waitMs, selection } = read.value;
  const checked = await checkModelOutputs(broker, selection, command.model, command.version);
  if (!checked.ok) return checked;
  const options = { ...waitFor(waitMs), bindToCall: request.bindToCall, outputs: !selection.omit };
  const outcome = await broker.submit(command, options, call);
  if (!outcome.ok) return outcome;
  const { taskId, duplicate, task } = outcome.value;
  const fields = Fields.of(SubmitResponse, { taskId, duplicate, task: undefined });
  return granted(task === undefined ? fields : fields.and((await taskFields(task, selection)).in(fieldNumbers.submitTask)));
}

async function getResult(broker: Broker, request: GetResultRequest, call: CallContext): Promise<Outcome<Fields>> {
  const read = readRequest((violations) => ({
    waitMs: readDuration(request.wait, 'wait', violations),
    selection: readOutputOptions(request.outputs, violations),
  }));
  if (!read.ok) return read;
  const { waitMs, selection } = read.value;
  const checked = await checkTaskOutputs(broker, selection, request.taskId, call);
  if (!checked.ok) return checked;
  const outcome = await broker.getResult(request.taskId, { ...waitFor(waitMs), outputs: !selection.omit }, call);
  return outcome.ok ? granted((await taskFields(outcome.value, selection)).in(fieldNumbers.resultTask)) : outcome;
}

function waitFor(waitMs: number | undefined): { waitMs?: number } {
  return waitMs === undefined ? {} : { waitMs };
}
