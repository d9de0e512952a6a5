/** Many submits on one stream, and the events of those that are followed. */

import type { Connection } from '../connection.ts';
import type { SubmitManyOutput } from '../submit-many/item.ts';
import { Session, type Source } from '../submit-many/session.ts';

export interface SubmitManyOptions {
  /** Leaving the iteration, or firing the signal, ends the stream; what was accepted runs on. */
  signal?: AbortSignal;
}

export async function* submitMany(
  connection: Connection,
  source: Source,
  { signal }: SubmitManyOptions,
): AsyncGenerator<SubmitManyOutput, void> {
  const session = new Session(connection, source, signal);
  session.start();
  try {
    yield* session.outputs;
  } finally {
    session.stop();
  }
}
