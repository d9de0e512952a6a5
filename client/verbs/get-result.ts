/** Read a task as it stands, or as soon as it ends. */

import { BrokerDefinition } from '../../proto/gen/inferq/v1/broker.ts';
import type { Connection } from '../connection.ts';
import type { CallOptions } from '../options.ts';
import { present } from '../wire/present.ts';
import { type OutputOptions, outputsMessage } from '../wire/request.ts';
import { type Task, taskOf } from '../wire/task.ts';
import { optionalDuration } from '../wire/time.ts';

export interface GetResultOptions extends CallOptions {
  /** Wait so long for the end, at most 5 minutes; the answer may still be a task that goes on. */
  waitMs?: number;
  outputs?: OutputOptions;
}

const endpoint = { service: BrokerDefinition, method: BrokerDefinition.methods.getResult };

export async function getResult(connection: Connection, taskId: string, options: GetResultOptions): Promise<Task> {
  const wait = optionalDuration('waitMs', options.waitMs);
  const { task } = await connection.unary(endpoint, { taskId, wait, outputs: outputsMessage(options.outputs) }, options);
  return taskOf(present(task, 'task'));
}
