/** Submit a task and get its id at once. */

import { randomUUID } from 'node:crypto';
import { BrokerDefinition } from '../../proto/gen/inferq/v1/broker.ts';
import type { Connection } from '../connection.ts';
import type { CallOptions } from '../options.ts';
import { type SubmitRequest, submitMessage } from '../wire/request.ts';

export interface Submitted {
  taskId: string;
  /** The idempotency key named this task before. */
  duplicate: boolean;
}

export const submitEndpoint = { service: BrokerDefinition, method: BrokerDefinition.methods.submit };

/** The request's idempotency key, or a new one. */
export function keyOf(request: SubmitRequest): string {
  return request.idempotencyKey || randomUUID();
}

export async function submit(connection: Connection, request: SubmitRequest, options: CallOptions): Promise<Submitted> {
  const { taskId, duplicate } = await connection.unary(submitEndpoint, submitMessage(request, keyOf(request)), options);
  return { taskId, duplicate };
}
