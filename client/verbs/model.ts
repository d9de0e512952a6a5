/** What a model takes and gives. */

import { BrokerDefinition } from '../../proto/gen/inferq/v1/broker.ts';
import type { Connection } from '../connection.ts';
import type { CallOptions } from '../options.ts';
import { type Model, modelOf } from '../wire/model.ts';
import { present } from '../wire/present.ts';

const endpoint = { service: BrokerDefinition, method: BrokerDefinition.methods.getModel };

export async function model(connection: Connection, name: string, version: string, options: CallOptions): Promise<Model> {
  const reply = await connection.unary(endpoint, { model: name, version }, options);
  return modelOf(present(reply.model, 'model'));
}
