/** The numbers of the fields that replies put together from encoded parts. */

import { descriptors } from '../intake/request-decoder.ts';

/** The number of a field in a message of the package inferq, by its name in the .proto file. */
function numberOf(message: string, field: string): number {
  const found = descriptors.messages.get(`inferq.${message}`)?.find(({ name }) => name === field);
  if (found === undefined) throw new Error(`${message} has no field ${field}: generate the descriptors again`);
  return found.number;
}

export const fieldNumbers = {
  raw: numberOf('storage.v1.StoredTensor', 'raw'),
  contents: numberOf('storage.v1.StoredTensor', 'contents'),
  taskOutputs: numberOf('v1.Task', 'outputs'),
  chunkOutputs: numberOf('v1.Chunk', 'outputs'),
  inputs: numberOf('v1.GetInputResponse', 'inputs'),
  submitTask: numberOf('v1.SubmitResponse', 'task'),
  resultTask: numberOf('v1.GetResultResponse', 'task'),
  cancelTask: numberOf('v1.CancelResponse', 'task'),
  watchSnapshot: numberOf('v1.WatchResultResponse', 'snapshot'),
  watchEvents: numberOf('v1.WatchResultResponse', 'events'),
  eventState: numberOf('v1.TaskEvent', 'state_changed'),
  eventChunk: numberOf('v1.TaskEvent', 'chunk'),
  streamOutcomes: numberOf('v1.SubmitManyResponse', 'outcomes'),
  streamEvents: numberOf('v1.SubmitManyResponse', 'events'),
  outcomeSnapshot: numberOf('v1.SubmitManyResponse.Outcome', 'snapshot'),
} as const;
