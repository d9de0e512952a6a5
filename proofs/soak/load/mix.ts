/** What a thousand tasks are. */

import type { Chance } from '../../chaos/chance.ts';
import { cancelRunning, cancelScheduled, expire, failAndRedrive, givenUp, leftWatch } from './ending.ts';
import type { LoadParts } from './parts.ts';
import { delayed, duplicate, follow, ignored, large, predict, retried, submitAndAsk, watchChunks, watchText } from './succeeding.ts';

export interface Way {
  name: string;
  /** Of a thousand tasks. */
  perMille: number;
  /** Hands over one task and sees it through; throws where something is wrong. */
  run(parts: LoadParts): Promise<void>;
}

export const ways: readonly Way[] = [
  { name: 'followed on a stream', perMille: 330, run: follow },
  { name: 'submitted and asked for', perMille: 239, run: submitAndAsk },
  { name: 'predicted', perMille: 200, run: predict },
  { name: 'watched with chunks', perMille: 60, run: watchChunks },
  { name: 'submitted twice', perMille: 40, run: duplicate },
  { name: 'retried', perMille: 30, run: retried },
  { name: 'cancelled while scheduled', perMille: 20, run: cancelScheduled },
  { name: 'expired', perMille: 20, run: expire },
  { name: 'result ignored', perMille: 20, run: ignored },
  { name: 'failed and redriven', perMille: 10, run: (parts) => failAndRedrive(parts) },
  { name: 'delayed', perMille: 10, run: delayed },
  { name: 'given up by its client', perMille: 5, run: givenUp },
  { name: 'watch left', perMille: 5, run: leftWatch },
  { name: 'large', perMille: 4, run: large },
  { name: 'cancelled while it runs', perMille: 4, run: cancelRunning },
  { name: 'text watched', perMille: 3, run: watchText },
];

const deck = ways.flatMap((way) => Array.from({ length: way.perMille }, () => way));

/** Draws one. */
export function drawWay(chance: Chance): Way {
  return chance.pick(deck) as Way;
}
