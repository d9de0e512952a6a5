/** Puts planned tasks into the queue: what Submit and the items of a stream share. */

import { limits } from '@inferq/core/limits.ts';
import { granted, type Outcome, refused } from '@inferq/core/refusal.ts';
import { newTaskId } from '@inferq/core/task-id.ts';
import { measureData } from '@inferq/core/tensor/measure-data.ts';
import type { Tensor } from '@inferq/core/tensor/tensor.ts';
import type { NewTask, QueueLimits, SubmissionQueue, SubmitOutcome } from '@inferq/queue/queue.ts';
import type { SubmitCommand } from '../../broker.ts';
import type { Clock } from '../clock.ts';
import { inTurns } from '../in-turns.ts';
import type { RegistryCache } from '../registry/registry-cache.ts';
import { batchPerTick } from '../tick-batch.ts';
import type { SubmitCall } from './check-options.ts';
import { contentDigest, keyHash } from './digest.ts';
import { fullQueue } from './full-queue.ts';
import { type PlannedTask, planSubmit } from './plan-submit.ts';

/** Data of this size is counted in about a millisecond. */
const measuredBytes = 64 * 1_024;

/** All tasks are of the one partition there is. */
const partition = 0;

export type Placement = Extract<SubmitOutcome, { kind: 'accepted' | 'duplicate' }>;

export interface Placing {
  /** The task that a command asks for, or everything that is wrong with it. */
  plan(command: SubmitCommand, call: SubmitCall): Promise<Outcome<PlannedTask>>;
  newId(): string;
  /** Submits of one tick share a script. Throws where the store cannot be reached. */
  place(task: NewTask): Promise<Outcome<Placement>>;
}

export interface PlacingParts {
  submission: Pick<SubmissionQueue, 'submit'>;
  registry: RegistryCache;
  clock: Clock;
  randomBytes(count: number): Uint8Array;
  limits: QueueLimits;
  maxInputBytes: number;
}

export function createPlacing(parts: PlacingParts): Placing {
  const { submission, registry, clock, randomBytes, maxInputBytes } = parts;
  const send = batchPerTick<NewTask, SubmitOutcome>((tasks) => submission.submit(tasks), scriptBytes);
  return {
    async plan(command, call) {
      const inputs = await measured(command.inputs);
      const last = await registry.current();
      // What is unknown may have been announced since the registry was read.
      const known = isKnown(command, last) ? last : await registry.refresh();
      const planned = planSubmit({ ...command, inputs }, call, { known, maxInputBytes, now: clock.now() });
      if (!planned.ok || command.idempotencyKey === '') return planned;
      const digest = await inTurns(contentDigest(command));
      return granted({ ...planned.value, idempotency: { key: keyHash(command.idempotencyKey), digest } });
    },
    newId: () => newTaskId(clock.now(), partition, randomBytes(14)),
    async place(task) {
      const outcome = await send(task);
      switch (outcome.kind) {
        case 'accepted':
        case 'duplicate':
          return granted(outcome);
        case 'conflict':
          return refused(
            'IDEMPOTENCY_CONFLICT',
            `The idempotency key belongs to task ${outcome.id}, which asks for something else: use another key`,
          );
        case 'full':
          return fullQueue(outcome.what, task.queue, parts.limits, randomBytes);
      }
    },
  };
}

function isKnown(command: SubmitCommand, known: Awaited<ReturnType<RegistryCache['current']>>): boolean {
  const versions = known.versions(command.model);
  const hasVersion = command.version === '' ? versions.length > 0 : versions.some((spec) => spec.version === command.version);
  return hasVersion && (command.queue === '' || known.queues.has(command.queue));
}

/** The tensors, with what must be counted in large ones counted in turns with other calls. */
async function measured(inputs: readonly Tensor[]): Promise<readonly Tensor[]> {
  if (inputs.every(({ data }) => data === undefined || data.value.length < measuredBytes)) return inputs;
  const all: Tensor[] = [];
  for (const tensor of inputs) {
    const facts = await inTurns(measureData(tensor));
    all.push(facts === undefined ? tensor : { ...tensor, facts });
  }
  return all;
}

/** What of a task passes through the script: a large input goes its own way. */
function scriptBytes({ input, metadata }: NewTask): number {
  return (input.length <= limits.inlineBytes ? input.length : 0) + (metadata?.length ?? 0);
}
