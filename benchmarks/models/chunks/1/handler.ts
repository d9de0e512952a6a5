/** Streams chunks that hold their number; all items of a batch at the same pace. */

import { defineHandler, type Item, type Tensors } from '@inferq/worker/handler';

function numbered(index: number): Tensors {
  return { y: { datatype: 'FP32', shape: [1, 1], data: Float32Array.of(index) } };
}

async function stream(item: Item): Promise<void> {
  const count = Number(item.parameters.count);
  for (let index = 0; index < count && !item.signal.aborted; index++) await item.emit(numbered(index));
  item.complete(numbered(count));
}

export default defineHandler({
  load: () => undefined,
  async run(items) {
    await Promise.all(items.map(stream));
  },
});
