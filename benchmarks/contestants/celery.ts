/** Celery with Redis: a worker, and a client in Python. */

import { fileURLToPath } from 'node:url';
import { modelFile } from '../repository.ts';
import type { Setup } from '../scenario.ts';
import { type PeerQueue, queueOf, startWithRedis } from './peer-queue.ts';

const folder = fileURLToPath(new URL('../peers/celery', import.meta.url));

/** What Python needs to find the application, and to leave no files behind. */
export const celeryEnvironment = { PYTHONPATH: folder, PYTHONDONTWRITEBYTECODE: '1' };

export type Pool = 'solo' | 'threads' | 'prefork';

/** Starts a worker with this pool for a model of the repository. */
export async function startCelery(setup: Setup, model: string, pool: Pool, concurrency: number): Promise<PeerQueue> {
  const args = [`${folder}/drive.py`, pool, String(concurrency)];
  return queueOf(await startWithRedis(await setup.python(), args, modelFile(setup.repository, model), celeryEnvironment));
}
