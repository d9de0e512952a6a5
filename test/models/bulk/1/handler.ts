/** A model for tests: large inputs, and outputs of any size. */

import { setTimeout as delay } from 'node:timers/promises';
import { defineHandler } from '@inferq/worker/handler';

export default defineHandler({
  load: () => undefined,
  async run(items) {
    for (const item of items) {
      if (Number(item.parameters.busy_ms) > 0) await delay(Number(item.parameters.busy_ms));
      const [first = 0] = (item.inputs.x?.data ?? []) as Float32Array;
      const count = Number(item.parameters.answer);
      if (item.parameters.reject) item.fail('the item asked to be refused', { retry: false });
      else item.complete({ y: { datatype: 'FP32', shape: [count], data: new Float32Array(count).fill(first) } });
    }
  },
});
