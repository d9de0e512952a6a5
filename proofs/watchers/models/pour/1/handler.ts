/** A model that streams as much as it is told to; the first bytes of a chunk are its number. */

import { setTimeout as delay } from 'node:timers/promises';
import { defineHandler, type Item, type Tensors } from '@inferq/worker/handler';

const numberBytes = 4;

function piece(index: number, bytes: number): Tensors {
  const data = new Uint8Array(Math.max(bytes, numberBytes));
  new DataView(data.buffer).setInt32(0, index, true);
  return { piece: { datatype: 'UINT8', shape: [1, data.length], data } };
}

async function pour(item: Item): Promise<void> {
  const { chunks, bytes, every_ms: everyMs } = item.parameters;
  for (let index = 0; index < Number(chunks) && !item.signal.aborted; index++) {
    await item.emit(piece(index, Number(bytes)));
    if (Number(everyMs) > 0) await delay(Number(everyMs), undefined, { signal: item.signal }).catch(() => {});
  }
  item.complete(piece(-1, 0), { partial: item.signal.aborted });
}

export default defineHandler({
  load: () => undefined,
  async run(items) {
    await Promise.all(items.map(pour));
  },
});
