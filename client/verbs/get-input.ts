/** Read what a task was submitted with. */

import { BrokerDefinition } from '../../proto/gen/inferq/v1/broker.ts';
import type { Connection } from '../connection.ts';
import type { CallOptions } from '../options.ts';
import { type TaskInput, taskInputOf } from '../wire/input.ts';
import { encodingMessage, type OutputOptions } from '../wire/request.ts';

export interface GetInputOptions extends CallOptions {
  /** By default the form in which the tensors were submitted. */
  encoding?: OutputOptions['encoding'];
}

const endpoint = { service: BrokerDefinition, method: BrokerDefinition.methods.getInput };

export async function getInput(connection: Connection, taskId: string, { encoding, ...call }: GetInputOptions): Promise<TaskInput> {
  return taskInputOf(await connection.unary(endpoint, { taskId, encoding: encodingMessage(encoding) }, call));
}
