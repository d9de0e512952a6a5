/** Cancel a task. */

import { BrokerDefinition } from '../../proto/gen/inferq/v1/broker.ts';
import type { Connection } from '../connection.ts';
import type { CallOptions } from '../options.ts';
import { present } from '../wire/present.ts';
import { type Task, taskOf } from '../wire/task.ts';

export interface CancelOptions extends CallOptions {
  /** End a running task at once, without waiting for its run to return. */
  force?: boolean;
}

const endpoint = { service: BrokerDefinition, method: BrokerDefinition.methods.cancel };

export async function cancel(connection: Connection, taskId: string, options: CancelOptions): Promise<Task> {
  const { task } = await connection.unary(endpoint, { taskId, force: options.force ?? false }, options);
  return taskOf(present(task, 'task'));
}
