/** Mixes of commands: everything at once, and some that go deep into one part of a task's life. Frequent ones stand there more than once. */

import fc from 'fast-check';
import { type Command, command } from '../step.ts';
import { cancel } from './cancel.ts';
import { claim } from './claim.ts';
import { emit, emitOutOfTurn } from './emit.ts';
import { announce, releaseUnknown, strike } from './executors.ts';
import { groupDropped, idleLost, scriptFlush } from './faults.ts';
import { extend, leasePasses, reclaim } from './lease.ts';
import { settle } from './settle.ts';
import { submit, submitAgain } from './submit.ts';
import { callStaysAway, comesDue, deadLetterAges, deadlinePasses, minutePasses, resultEnds } from './time.ts';
import { unbind } from './unbind.ts';
import { promote, prune, redrive, repair } from './upkeep.ts';
import { unwatch, watch } from './watch.ts';

type Mix = fc.Arbitrary<Command>[];

function times(count: number, ...some: Mix): Mix {
  return some.flatMap((one) => new Array<fc.Arbitrary<Command>>(count).fill(one));
}

const life: Mix = [...times(3, command(submit)), ...times(6, command(claim))];

/** Five lost leases of one task are far apart. */
const leases: Mix = [
  command(submit),
  ...times(8, command(claim), command(leasePasses), command(reclaim)),
  command(extend),
  command(settle),
  command(cancel),
  command(releaseUnknown),
  command(groupDropped),
];

const crashes: Mix = [
  command(submit),
  ...times(5, command(claim)),
  ...times(3, command(strike), command(announce)),
  command(settle),
  command(cancel),
  command(emit),
  command(repair),
  command(prune),
  command(promote),
];

const endings: Mix = [
  ...life,
  ...times(5, command(settle)),
  ...times(2, command(emit), command(redrive), command(promote), command(comesDue), command(resultEnds)),
  command(prune),
  command(deadLetterAges),
  command(minutePasses),
  command(submitAgain),
  command(cancel),
];

const everything: Mix = [
  ...life,
  ...times(4, command(settle)),
  ...times(2, command(emit), command(promote), command(cancel), command(leasePasses), command(reclaim), command(redrive)),
  command(strike),
  command(announce),
  command(comesDue),
  command(deadlinePasses),
  ...times(2, command(callStaysAway)),
  command(deadLetterAges),
  command(resultEnds),
  command(minutePasses),
  command(submitAgain),
  command(watch),
  command(unwatch),
  command(extend),
  command(emitOutOfTurn),
  ...times(2, command(unbind)),
  command(releaseUnknown),
  command(prune),
  command(repair),
  command(scriptFlush),
  command(idleLost),
  command(groupDropped),
];

/** Shorter runs that are tried after a failure: a long one takes a second. */
const mostShrinks = 200;

/** Up to 200 commands of one mix. `replayPath`: of a failure before, or ''. */
export function commandsOf(replayPath: string): fc.Arbitrary<Iterable<Command>> {
  const settings = { maxCommands: 200, size: 'max', ...(replayPath ? { replayPath } : {}) } as const;
  const [all, ...deep] = [everything, leases, crashes, endings].map((mix) => fc.commands(mix, settings));
  return fc.limitShrink(fc.oneof({ arbitrary: all as fc.Arbitrary<Iterable<Command>>, weight: 3 }, ...deep), mostShrinks);
}
