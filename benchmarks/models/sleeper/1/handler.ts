/** Blocks the inference thread without using the processor, as a native call that waits for a device does. Answers when the run began. */

import { defineHandler } from '@inferq/worker/handler';

const never = new Int32Array(new SharedArrayBuffer(4));

export default defineHandler({
  load: () => undefined,
  run(items) {
    const started = performance.timeOrigin + performance.now();
    Atomics.wait(never, 0, 0, Math.max(...items.map(({ parameters }) => Number(parameters.ms))));
    for (const item of items) {
      item.complete({ started: { datatype: 'FP64', shape: [item.rows, 1], data: new Float64Array(item.rows).fill(started) } });
    }
  },
});
