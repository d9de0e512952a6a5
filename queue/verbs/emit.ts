/** emit: chunks and progress of running attempts. Chunks carry their index, so that one sent again is stored once. */

import { limits } from '@inferq/core/limits.ts';
import { encode } from '@msgpack/msgpack';
import type { Redis } from 'ioredis';
import { calls } from '../calls.ts';
import { cut } from '../cut.ts';
import type { Emission, EmitOutcome } from '../queue.ts';
import { Script } from '../scripts.ts';
import { text } from '../snapshot.ts';

const script = new Script('emit.lua');
const nothing = new Uint8Array(0);

function pack(emission: Emission): unknown[] {
  const message = cut(emission.message ?? '', limits.progressMessageBytes);
  return [
    emission.id,
    emission.token,
    emission.kind,
    emission.index ?? 0,
    emission.fraction === undefined ? '' : String(emission.fraction),
    message,
  ];
}

async function send(redis: Redis, emissions: readonly Emission[]): Promise<(EmitOutcome | 'gap')[]> {
  const replies = await script.run(redis, [encode(emissions.map(pack)), ...emissions.map(({ payload }) => payload ?? nothing)]);
  return (replies as unknown[]).map((reply) => text(reply) as EmitOutcome | 'gap');
}

/** Sends again what overtook an earlier chunk: a call whose script Redis had to be sent first is late by one round trip. */
async function sendAll(redis: Redis, emissions: readonly Emission[], tries = 3): Promise<EmitOutcome[]> {
  const outcomes = await send(redis, emissions);
  const early = emissions.filter((_emission, index) => outcomes[index] === 'gap');
  const [first] = early;
  if (first && tries === 1) throw new Error(`chunk ${first.index} of task ${first.id} came without the one before it`);
  const again = first ? await sendAll(redis, early, tries - 1) : [];
  return outcomes.map((outcome) => (outcome === 'gap' ? (again.shift() as EmitOutcome) : outcome));
}

/** Streams a batch; the outcomes are in its order. Throws where a task's chunk skips an index. */
export async function emit(redis: Redis, emissions: readonly Emission[]): Promise<EmitOutcome[]> {
  const outcomes: EmitOutcome[] = [];
  for (const part of calls(emissions, ({ payload }) => payload?.length ?? 0)) outcomes.push(...(await sendAll(redis, part)));
  return outcomes;
}
