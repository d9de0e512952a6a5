/** What the worker and its client agree on. */

export const queueName = 'infer';

export interface JobData {
  values: number[];
}

/** ioredis' options. */
export function connection(): { url: string; maxRetriesPerRequest: null } {
  return { url: process.env.REDIS_URL ?? '', maxRetriesPerRequest: null };
}
