/** Every command, the frequent ones more than once. */

import type fc from 'fast-check';
import { type Command, command } from '../step.ts';
import { cancel, keep } from './cancel.ts';
import { claim } from './claim.ts';
import { emit, emitOutOfTurn } from './emit.ts';
import { announce, releaseUnknown, strike } from './executors.ts';
import { idleLost, scriptFlush } from './faults.ts';
import { extend, leasePasses, reclaim } from './lease.ts';
import { settle } from './settle.ts';
import { submit, submitAgain, unwatch } from './submit.ts';
import { callStaysAway, comesDue, deadLetterAges, deadlinePasses, minutePasses, resultEnds } from './time.ts';
import { promote, prune, redrive, repair } from './upkeep.ts';

function times(count: number, one: fc.Arbitrary<Command>): fc.Arbitrary<Command>[] {
  return new Array(count).fill(one);
}

export const allCommands: fc.Arbitrary<Command>[] = [
  ...times(8, command(claim)),
  ...times(6, command(settle)),
  ...times(5, command(submit)),
  ...times(3, command(emit)),
  ...times(3, command(leasePasses)),
  ...times(3, command(reclaim)),
  ...times(3, command(cancel)),
  ...times(3, command(strike)),
  ...times(3, command(promote)),
  ...times(3, command(announce)),
  ...times(2, command(redrive)),
  command(comesDue),
  command(deadlinePasses),
  command(callStaysAway),
  command(deadLetterAges),
  command(resultEnds),
  command(minutePasses),
  command(submitAgain),
  command(unwatch),
  command(extend),
  command(emitOutOfTurn),
  command(keep),
  command(releaseUnknown),
  command(prune),
  command(repair),
  command(scriptFlush),
  command(idleLost),
];
