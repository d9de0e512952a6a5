/** A client with a connection of its own, which does a few things and goes: every other one in the middle of a watch. */

import { InferqClient } from '@inferq/client/index.ts';
import { type LoadParts, waitMs } from './parts.ts';
import { watchToEnd } from './watched.ts';

export async function visit({ addresses, chance, questions }: LoadParts): Promise<void> {
  const visitor = new InferqClient({ server: chance.pick(addresses) ?? '' });
  try {
    const first = questions.digits();
    first.check(await visitor.predict(first.request));
    const second = questions.echo('probe', { chunks: 5, chunk_ms: 5 });
    const { taskId } = await visitor.submit(second.request);
    if (chance.hits(0.5)) second.check((await watchToEnd(visitor.watch(taskId))).end);
    else for await (const event of visitor.watch(taskId)) if (event.kind === 'chunk') break;
    const third = questions.echo('probe');
    const items = [{ submit: third.request, follow: true }];
    for await (const output of visitor.submitMany(items)) if (output.kind === 'event') break;
    // A call whose answer never finds its client.
    const held = visitor.submit({ ...questions.digits().request, delayMs: 1_000 });
    const asked = visitor.getResult((await held).taskId, { waitMs });
    asked.catch(() => {});
  } finally {
    visitor.close();
  }
}
