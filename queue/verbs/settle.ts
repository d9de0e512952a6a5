/** settle: ends a batch of attempts and carries the next claim. Large outputs are staged under the attempt's token first. */

import { limits } from '@inferq/core/limits.ts';
import type { TaskError } from '@inferq/core/task.ts';
import { encode } from '@msgpack/msgpack';
import type { Redis } from 'ioredis';
import { asBuffer } from '../as-buffer.ts';
import { calls } from '../calls.ts';
import { cut } from '../cut.ts';
import { key } from '../keys.ts';
import type { ClaimOutcome, ClaimRequest, Settlement, SettleOutcome } from '../queue.ts';
import { Script } from '../scripts.ts';
import { text } from '../snapshot.ts';
import { packClaim, readClaim } from './claim.ts';
import { isOutOfMemory } from './submit.ts';

const script = new Script('settle.lua');
const stageScript = new Script('stage.lua');
const nothing = new Uint8Array(0);

type Completion = Settlement & { verb: 'complete' };

function isLarge(settlement: Settlement): boolean {
  return settlement.verb === 'complete' && settlement.output.length > limits.inlineBytes;
}

function packError(error: TaskError): string[] {
  return [error.code, cut(error.message, limits.errorDetailBytes), cut(error.detail, limits.errorDetailBytes)];
}

function pack(item: Settlement): unknown[] {
  const head = [item.verb, item.id, item.token, Math.round(item.ranMs), item.batchTasks, item.batchRows];
  switch (item.verb) {
    case 'complete':
      return [...head, item.partial ? 1 : 0, isLarge(item) ? 1 : 0, item.output.length];
    case 'retry':
      return [...head, packError(item.error), Math.round(item.delayMs)];
    case 'fail':
      return [...head, packError(item.error)];
    case 'release':
      return [...head, item.solo ? 1 : 0];
    case 'cancel':
      return head;
  }
}

function stagedKey(item: Settlement): string {
  return key('staged', `${item.id}:${item.token}`);
}

/** A result is worth more than the memory limit: where SET answers OOM, it goes through a script that may exceed it. */
async function stage(redis: Redis, item: Completion): Promise<void> {
  try {
    await redis.set(stagedKey(item), asBuffer(item.output), 'PX', limits.attemptOutputTtlMs);
  } catch (error) {
    if (!isOutOfMemory(error)) throw error;
    await stageScript.run(redis, [stagedKey(item), item.output, limits.attemptOutputTtlMs]);
  }
}

interface Settled {
  outcomes: SettleOutcome[];
  next?: ClaimOutcome;
}

/** What travels with the call: a small output. */
function inlineOutput(item: Settlement): Uint8Array {
  return item.verb !== 'complete' || isLarge(item) ? nothing : item.output;
}

/** Settles and claims. Safe to send again: an accepted token is answered as accepted. */
export async function settle(redis: Redis, settlements: readonly Settlement[], next?: ClaimRequest): Promise<Settled> {
  const parts = calls(settlements, (item) => inlineOutput(item).length);
  const last = parts.pop() ?? [];
  const outcomes: SettleOutcome[] = [];
  for (const part of parts) outcomes.push(...(await settlePart(redis, part)).outcomes);
  const end = await settlePart(redis, last, next);
  return { ...end, outcomes: [...outcomes, ...end.outcomes] };
}

async function settlePart(redis: Redis, settlements: readonly Settlement[], next?: ClaimRequest): Promise<Settled> {
  const large = settlements.filter((item): item is Completion => isLarge(item));
  await Promise.all(large.map((item) => stage(redis, item)));
  const packed = encode([settlements.map(pack), next ? packClaim(next) : false]);
  const outputs = settlements.map(inlineOutput);
  const [replies, claimed] = (await script.run(redis, [packed, ...outputs])) as [unknown[], unknown];
  const outcomes = replies.map(text);
  const missing = settlements.filter((_item, index) => outcomes[index] === 'missing');
  const again = missing.length > 0 ? (await settlePart(redis, missing)).outcomes : [];
  return {
    outcomes: outcomes.map((outcome) => (outcome === 'missing' ? again.shift() : outcome) as SettleOutcome),
    ...(next ? { next: await readClaim(redis, claimed) } : {}),
  };
}
