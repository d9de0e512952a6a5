/** `inferq worker`. */

import { defaults } from '@inferq/core/limits.ts';
import type { FailedModel } from '@inferq/core/model.ts';
import { modelLabel } from '@inferq/core/names.ts';
import type { Command } from 'commander';
import { demoModels } from '../demo-models.ts';
import { Failure, wrongUsage } from '../failure.ts';
import { installed } from '../installed.ts';
import { parseDuration } from '../parse/duration.ts';
import { parseInteger } from '../parse/number.ts';
import { endWithParent, tellParent } from '../up/parent-channel.ts';
import { addLease } from './lease.ts';
import { addLogLevel, type LogLevel } from './log-level.ts';
import { addRedis, type RedisFlags, redisTlsOf } from './redis.ts';

interface Flags extends RedisFlags {
  queues?: string;
  devices: string;
  threads?: number;
  models?: string;
  strict?: boolean;
  repository: string;
  name?: string;
  grace?: number;
  lease: number;
  logLevel: LogLevel;
}

/** The most models that could not be loaded that are reported to `inferq up` one by one. */
const mostRemarks = 10;

const queuesHelp = `
Queues: --queues realtime,default:2,batch:1
  A queue without a weight is served strictly before all queues after it: while realtime has tasks that this worker can
  run, default and batch wait. Queues with weights share: of every three rows, default gets two and batch one, and what
  one queue does not need goes to the others. Within a queue, priority comes first, then age.

Devices: --devices cpu,cpu for two executors on the CPU, 0,1 for one on each of two GPUs, auto for every GPU, or cpu if there is none.`;

/** Adds the command. */
export function addWorker(program: Command): void {
  const command = program.command('worker').description('Load models and run tasks on them; any number of workers may share one Redis.');
  addLogLevel(addLease(addRedis(command)))
    .option('--queues <list>', `which queues to serve, and in which order (default: ${defaults.queues.join(',')} and those of its models)`)
    .option('--devices <list>', 'one executor for each entry: cpu or the number of a GPU; or auto', 'cpu')
    .option('--threads <number>', 'operator threads of each executor on the CPU (default: its share of the cores)', (text) =>
      parseInteger('--threads', text),
    )
    .option('--models <list>', 'which models to load, such as digits,charlm:2 (default: the latest version of each)')
    .option('--strict', 'refuse to start if a model cannot be loaded; without it, the others are served')
    .option('--repository <dir>', 'the folder with the models', demoModels)
    .option('--name <name>', 'the name of this worker (default: host name and process id)')
    .option(
      '--grace <duration>',
      `how long running tasks may take to finish when the worker stops (default: ${defaults.graceMs / 1_000} s)`,
      (text) => parseDuration('--grace', text),
    )
    .addHelpText('after', queuesHelp)
    .addHelpText('after', '\nExample:\n  inferq worker --queues realtime,default --devices cpu,cpu --repository ./models')
    .action(run);
}

async function tellReady(failed: readonly FailedModel[]): Promise<void> {
  for (const { reason, ...model } of failed.slice(0, mostRemarks)) {
    await tellParent({ kind: 'remark', message: `${modelLabel(model)} could not be loaded: ${reason}.` });
  }
  const more = failed.length - mostRemarks;
  if (more > 0) await tellParent({ kind: 'remark', message: `${more} more could not be loaded: see \`inferq models\`.` });
  await tellParent({ kind: 'ready', address: '' });
}

async function run(flags: Flags): Promise<void> {
  const [{ runWorker }, { StartFailure, UsageError }] = await installed('worker', () =>
    Promise.all([import('@inferq/worker/main.ts'), import('@inferq/worker/usage-error.ts')]),
  );
  endWithParent();
  try {
    const { redis, redisCa, redisCert, redisKey, queues, models, name, grace, lease, ...same } = flags;
    process.exitCode = await runWorker(
      {
        ...same,
        redisUrl: redis,
        ...redisTlsOf(flags),
        leaseMs: lease,
        ...(queues === undefined ? {} : { queues }),
        ...(models === undefined ? {} : { models }),
        ...(name === undefined ? {} : { name }),
        ...(grace === undefined ? {} : { graceMs: grace }),
      },
      {
        onWaiting: (message) => void tellParent({ kind: 'waiting', message }),
        onReady: ({ failed }) => void tellReady(failed),
      },
    );
  } catch (error) {
    if (error instanceof StartFailure) throw new Failure(error.message);
    throw error instanceof UsageError ? wrongUsage(error.message) : error;
  }
}
