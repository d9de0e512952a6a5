/** A watcher that reads one chunk a second of a task that streams far faster: it gets all of them, and then the end. */

import { setTimeout as pause } from 'node:timers/promises';
import { tensor } from '@inferq/client/index.ts';
import type { TaskEvent } from '@inferq/proto/gen/inferq/v1/event.ts';
import { TaskState } from '@inferq/proto/gen/inferq/v1/task.ts';
import type { Tensor } from '@inferq/proto/gen/inferq/v1/tensor.ts';
import { connectWatcher } from '@inferq/test/support/raw-watch.ts';
import type { Bench } from '../bench.ts';
import { type Measurement, none, told } from '../measurement.ts';

const everyMs = 1_000;
/** More at once than HTTP/2 lets a server send to a client that does not read. */
const chunkBytes = 100_000;
const windowBytes = 65_535;

export async function measureSlow(bench: Bench, chunks: number, progress: (done: string) => void): Promise<Measurement[]> {
  const worker = await bench.startWorker('pour');
  const [taskId = ''] = await bench.submit([
    {
      model: 'pour',
      inputs: { tag: tensor.int32([1, 1], [0]) },
      parameters: { chunks, bytes: chunkBytes },
      resultTtlMs: 2 * chunks * everyMs,
    },
  ]);
  const ended = bench.client.getResult(taskId, { waitMs: 60_000 }).then(() => performance.now());
  const { events, readMs, lastReadAt } = await readSlowly(bench.server.address, taskId);
  const left = lastReadAt - (await ended);
  await bench.retire(worker);
  progress(`the slow watcher has read ${chunks} chunks`);
  return [
    told(
      'a watcher that reads a chunk a second: how long it read',
      `${seconds(readMs)}, the last chunk ${seconds(left)} after the end of the task`,
    ),
    none(`its chunks, of ${chunks}, that are missing, torn or out of order`, problemsOf(events, chunks)),
  ];
}

async function readSlowly(address: string, taskId: string): Promise<{ events: TaskEvent[]; readMs: number; lastReadAt: number }> {
  const watcher = connectWatcher(address, windowBytes);
  const events: TaskEvent[] = [];
  const start = performance.now();
  let lastReadAt = start;
  try {
    for await (const message of watcher.watch(taskId)) {
      for (const event of message.events) {
        events.push(event);
        if (event.kind?.$case !== 'chunk') continue;
        lastReadAt = performance.now();
        await pause(everyMs);
      }
    }
  } finally {
    watcher.close();
  }
  return { events, readMs: performance.now() - start, lastReadAt };
}

/** What is wrong with the events, a sentence each. */
function problemsOf(events: readonly TaskEvent[], chunks: number): string[] {
  const problems: string[] = [];
  const found = events.flatMap(({ kind }) => (kind?.$case === 'chunk' ? [kind.value] : []));
  for (const [at, { index, outputs }] of found.entries()) {
    const whole = isPiece(outputs[0]?.data, at);
    if (index !== BigInt(at) || !whole) problems.push(`in place ${at} came chunk ${index}, ${whole ? 'whole' : 'torn'}`);
  }
  if (found.length !== chunks) problems.push(`${found.length} chunks came`);
  for (const [at, { sequence }] of events.entries()) {
    const before = events[at - 1]?.sequence ?? 0n;
    if (sequence <= before) problems.push(`sequence ${sequence} came after ${before}`);
  }
  const last = events.at(-1)?.kind;
  if (last?.$case !== 'stateChanged' || last.value.state !== TaskState.SUCCEEDED) problems.push('the terminal event was not the last one');
  return problems;
}

/** Whether it is what the model poured out in this place. */
function isPiece(data: Tensor['data'], at: number): boolean {
  if (data?.$case !== 'raw' || data.value.length !== chunkBytes) return false;
  return new DataView(data.value.buffer, data.value.byteOffset).getInt32(0, true) === at;
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}
