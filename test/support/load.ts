/** How long one server's event loop is kept. */

import type { LoopDelay } from './load-probe.ts';
import { startProbed } from './memory.ts';
import type { TestProcess } from './stack.ts';

const probe = new URL('load-probe.ts', import.meta.url).href;

/** Starts `inferq server` so that `worstLoopDelay` can ask it. */
export function startWatchedServer(args: string[], redisUrl: string): Promise<TestProcess> {
  return startProbed(probe, args, redisUrl);
}

/** The longest time in milliseconds that the server's event loop was kept since it was last asked. */
export function worstLoopDelay({ child }: TestProcess): Promise<number> {
  return new Promise((resolve) => {
    const listen = (message: LoopDelay) => {
      if (message.kind !== 'loop-delay') return;
      child.off('message', listen);
      resolve(message.worstMs);
    };
    child.on('message', listen);
    child.send('loop-delay');
  });
}
