/** A model for tests: it misbehaves as its parameters say. */

import { setTimeout as delay } from 'node:timers/promises';
import { defineHandler, type Item } from '@inferq/worker/handler';

function block(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

async function stream(item: Item): Promise<void> {
  const rows = 1 + Number(item.parameters.fill_kib) * 128;
  for (let index = 0; index < Number(item.parameters.chunks) && !item.signal.aborted; index++) {
    await item.emit({ y: { datatype: 'FP32', shape: [rows, 2], data: new Float32Array(2 * rows).fill(index) } });
    if (Number(item.parameters.chunk_ms) > 0)
      await delay(Number(item.parameters.chunk_ms), undefined, { signal: item.signal }).catch(() => {});
  }
}

/** Never returns where an item says so. */
function hang(items: readonly Item[]): void {
  const how = (wanted: string) => items.some((item) => item.parameters.hang === wanted);
  if (how('late')) for (const item of items) if (item.inputs.x && !item.parameters.hang) item.complete({ y: item.inputs.x });
  if (how('early') || how('late')) block(Number.POSITIVE_INFINITY);
}

export default defineHandler({
  load: () => undefined,
  async run(items) {
    const busy = Math.max(...items.map((item) => Number(item.parameters.busy_ms)));
    if (busy > 0) block(busy);
    if (items.some((item) => item.parameters.crash)) process.kill(process.pid, 'SIGKILL');
    hang(items);
    await Promise.all(
      items.map(async (item) => {
        await stream(item);
        if (item.parameters.hang === 'await') await new Promise(() => {});
        const x = item.inputs.x;
        if (item.parameters.reject) item.fail('the item asked to be refused', { retry: false, code: 'INVALID_INPUT' });
        else if (item.attempt <= Number(item.parameters.throw_times)) item.fail(`attempt ${item.attempt} was told to fail`);
        else if (x) item.complete({ y: x }, { partial: item.signal.aborted });
      }),
    );
  },
});
