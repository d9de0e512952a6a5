/** emit: chunks and progress of running attempts. Chunks carry their index, so that one sent again is stored once. */

import { limits } from '@inferq/core/limits.ts';
import { encode } from '@msgpack/msgpack';
import type { Redis } from 'ioredis';
import type { Emission, EmitOutcome } from '../queue.ts';
import { Script } from '../scripts.ts';
import { text } from '../snapshot.ts';

const script = new Script('emit.lua');
const nothing = new Uint8Array(0);

function pack(emission: Emission): unknown[] {
  const message = (emission.message ?? '').slice(0, limits.progressMessageBytes);
  return [
    emission.id,
    emission.token,
    emission.kind,
    emission.index ?? 0,
    emission.fraction === undefined ? '' : String(emission.fraction),
    message,
  ];
}

/** Streams a batch; the outcomes are in its order. */
export async function emit(redis: Redis, emissions: readonly Emission[]): Promise<EmitOutcome[]> {
  if (emissions.length === 0) return [];
  const replies = await script.run(redis, [encode(emissions.map(pack)), ...emissions.map(({ payload }) => payload ?? nothing)]);
  return (replies as unknown[]).map((reply) => text(reply) as EmitOutcome);
}
