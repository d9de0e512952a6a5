/** Every command, and where it is defined: only what is called is loaded. */

import type { Command } from 'commander';

type Add = (program: Command) => void;

export const commands: readonly [name: string, load: () => Promise<Add>][] = [
  ['up', async () => (await import('./up.ts')).addUp],
  ['server', async () => (await import('./server.ts')).addServer],
  ['worker', async () => (await import('./worker.ts')).addWorker],
  ['submit', async () => (await import('./submit.ts')).addSubmit],
  ['watch', async () => (await import('./watch.ts')).addWatch],
  ['result', async () => (await import('./result.ts')).addResult],
  ['cancel', async () => (await import('./cancel.ts')).addCancel],
  ['queues', async () => (await import('./queues.ts')).addQueues],
  ['workers', async () => (await import('./workers.ts')).addWorkers],
  ['models', async () => (await import('./models.ts')).addModels],
  ['dead', async () => (await import('./dead.ts')).addDead],
];
