/** A queue with a worker and a client of its own, driven from outside by questions to its program. */

import { startRedis } from '@inferq/test/support/redis.ts';
import type { Sample } from '../samples.ts';
import { type Program, startProgram } from './program.ts';

export interface PeerQueue {
  /** Submits so many tasks as fast as it can and waits for all: seconds. Throws where an answer is wrong. */
  throughput(tasks: number, samples: readonly Sample[]): Promise<number>;
  /** One task at a time, open loop, `rate` a second: milliseconds from intended send time to answer. */
  latency(rate: number, count: number, samples: readonly Sample[]): Promise<number[]>;
  stop(): Promise<void>;
}

export interface PeerProgram {
  readonly program: Program;
  /** Ends the program, with all that it started, and its Redis. */
  stop(): Promise<void>;
}

/** Starts a program with a Redis of its own, which it finds in REDIS_URL, and the model's file in MODEL_FILE. */
export async function startWithRedis(
  command: string,
  args: readonly string[],
  modelFile: string,
  env: Record<string, string> = {},
): Promise<PeerProgram> {
  const redis = await startRedis({ appendfsync: 'everysec' });
  try {
    const program = await startProgram(command, args, {
      env: { ...env, REDIS_URL: redis.url, MODEL_FILE: modelFile, ORT_DISABLE_TELEMETRY: '1' },
    });
    return {
      program,
      async stop() {
        await program.stop();
        await redis.stop();
      },
    };
  } catch (error) {
    await redis.stop();
    throw error;
  }
}

/** The queue of a program that answers `throughput` and `latency`. */
export function queueOf({ program, stop }: PeerProgram): PeerQueue {
  return {
    throughput: async (tasks, samples) => Number((await program.ask({ do: 'throughput', tasks, samples })).seconds),
    latency: async (rate, count, samples) => (await program.ask({ do: 'latency', rate, count, samples })).ms as number[],
    stop,
  };
}
