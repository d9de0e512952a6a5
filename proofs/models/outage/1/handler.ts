/** A model behind something that is down for a while: its dead letters succeed when they are redriven afterwards. */

import { defineHandler } from '@inferq/worker/handler';

export default defineHandler({
  load: () => undefined,
  run(items) {
    for (const item of items) {
      const x = item.inputs.x;
      const down = Date.now() < Number(item.parameters.back_at);
      if (down && item.parameters.crash) process.kill(process.pid, 'SIGKILL');
      if (down) item.fail('what this model needs is down');
      else if (x) item.complete({ y: x });
    }
  },
});
