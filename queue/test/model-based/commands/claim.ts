/** claim: any executor, any of its pools, in batches of any bounds. */

import fc from 'fast-check';
import type { ClaimOutcome, ClaimRequest, PoolClaim } from '../../../queue.ts';
import { claimRequest, pool } from '../../support/build.ts';
import { agree } from '../agree.ts';
import { batch } from '../oracle/batch.ts';
import type { Model } from '../oracle/model.ts';
import { start } from '../oracle/moves.ts';
import type { Step } from '../step.ts';
import { executors } from '../system.ts';

/** Queue and version of the pools that an executor serves, queue by queue. */
const served: [string, string][][][] = [
  [
    [
      ['default', '1'],
      ['default', '2'],
    ],
    [
      ['batch', '1'],
      ['batch', '2'],
    ],
  ],
  [
    [
      ['default', '1'],
      ['default', '2'],
    ],
  ],
  [
    [
      ['batch', '2'],
      ['batch', '1'],
    ],
    [['default', '1']],
  ],
  [[['default', '1']]],
];

export const claimArgs = fc.record({
  executor: fc.constantFrom(...executors),
  pools: fc.constantFrom(0, 0, 0, 0, 0, 1, 2, 3),
  maxTasks: fc.integer({ min: 1, max: 4 }),
  maxRows: fc.constantFrom(2, 5, 1_000),
  maxBytes: fc.constantFrom(10, 30_000, 64_000_000, 64_000_000),
  waitForBell: fc.boolean(),
  solo: fc.constantFrom(true, true, false),
  /** Also where it is struck off, or nothing waits. */
  vainly: fc.constantFrom(false, false, false, false, true),
});
export type ClaimArgs = typeof claimArgs extends fc.Arbitrary<infer Value> ? Value : never;

export function requestOf({ pools, maxTasks, maxRows, vainly: _vainly, ...rest }: ClaimArgs): ClaimRequest {
  const queues: PoolClaim[][] = (served[pools] ?? []).map((queue) =>
    queue.map(([name, version]) => pool({ queue: name, version, maxTasks, maxRows })),
  );
  return claimRequest({ ...rest, queues });
}

/** The answer of the oracle against that of the queue; what happened, for people. */
export function applyClaim(model: Model, request: ClaimRequest, outcome: ClaimOutcome | undefined): string {
  if (!model.registered.has(request.executor)) {
    agree(outcome, { kind: 'unregistered' }, 'the claim');
    return `${request.executor} is not registered`;
  }
  const tasks = batch(model, request);
  const claimed = outcome?.kind === 'claimed' ? outcome.tasks : [];
  agree(
    claimed.map(({ id }) => id),
    tasks.map(({ spec }) => spec.id),
    'the batch',
  );
  agree(outcome?.kind, tasks.length > 0 ? 'claimed' : 'empty', 'the claim');
  tasks.forEach((task, at) => {
    const got = claimed[at];
    if (!got) throw new Error('the batch is too short');
    agree(task.tokens.includes(got.token), false, `whether ${task.label} had the token ${got.token} before`);
    agree(
      { solo: got.solo, rows: got.rows, charged: got.chargedAttempts, ignore: got.ignoreResult },
      {
        solo: task.rank === 'solo',
        rows: task.spec.rows,
        charged: task.charged,
        ignore: task.spec.ignoreResult,
      },
      `how ${task.label} was claimed`,
    );
    agree(Buffer.compare(got.input, task.spec.input), 0, `the input of ${task.label}`);
    start(task, request.executor, got.token);
  });
  return `${request.executor} gets ${tasks.map(({ label }) => label).join(', ') || 'nothing'}`;
}

export const claim: Step<ClaimArgs> = {
  name: 'claim',
  args: claimArgs,
  when: (model, { executor, vainly }) => vainly || (model.registered.has(executor) && model.tasks.some(({ state }) => state === 'queued')),
  run: async (model, system, args) => {
    const request = requestOf(args);
    return applyClaim(model, request, await system.queue.execution.claim(request));
  },
};
