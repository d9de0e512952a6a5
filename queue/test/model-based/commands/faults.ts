/** What Redis may forget. */

import fc from 'fast-check';
import { key } from '../../../keys.ts';
import type { Step } from '../step.ts';
import { queues } from '../system.ts';

export const scriptFlush: Step<null> = {
  name: 'SCRIPT FLUSH',
  args: fc.constant(null),
  run: async (_model, { redis }) => {
    await redis.script('FLUSH');
    return '';
  },
};

/** Who waits for the bell is a hint. */
export const idleLost: Step<null> = {
  name: 'idle executors forgotten',
  args: fc.constant(null),
  run: async (_model, { redis }) => {
    await redis.del(...queues.flatMap((queue) => ['1', '2'].map((version) => key('idle', `${queue}:m:${version}`))));
    return '';
  },
};
