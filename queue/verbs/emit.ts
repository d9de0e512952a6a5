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

/**
 * Sends again what overtook an earlier chunk: a call whose script Redis had to be sent first is late by one round trip. Where
 * the earlier chunk does not come, Redis has lost it with its last second, and the attempt is lost with it.
 */
async function sendAll(redis: Redis, emissions: readonly Emission[], tries = 3): Promise<EmitOutcome[]> {
  if (emissions.length === 0) return [];
  if (tries === 0) return emissions.map(() => 'lost');
  const outcomes = await send(redis, emissions);
  const early = emissions.filter((_emission, index) => outcomes[index] === 'gap');
  const again = await sendAll(redis, early, tries - 1);
  return outcomes.map((outcome) => (outcome === 'gap' ? (again.shift() as EmitOutcome) : outcome));
}

/** Streams a batch; the outcomes are in its order. */
export async function emit(redis: Redis, emissions: readonly Emission[]): Promise<EmitOutcome[]> {
  const outcomes: EmitOutcome[] = [];
  for (const part of calls(emissions, ({ payload }) => payload?.length ?? 0)) outcomes.push(...(await sendAll(redis, part)));
  return outcomes;
}
