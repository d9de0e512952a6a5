/** `inferq up`. */

import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { plainText } from '@inferq/core/plain-text.ts';
import { parseRedisUrl } from '@inferq/queue/redis-url.ts';
import type { Command } from 'commander';
import { defaultServer } from '../connect.ts';
import { demoModels } from '../demo-models.ts';
import { wrongUsage } from '../failure.ts';
import { parseListen } from '../up/port-check.ts';
import { addLogLevel, type LogLevel } from './log-level.ts';
import { addRedisTls, type RedisTlsFlags, redisTlsArgs, redisTlsOf } from './redis.ts';

/** npm passes a signal on that the terminal has delivered already: the second of two so close together is the same one. */
const sameSignalMs = 1_000;

interface Flags extends RedisTlsFlags {
  listen: string;
  data: string;
  repository: string;
  strict?: boolean;
  logLevel: LogLevel;
}

/** Adds the command. */
export function addUp(program: Command): void {
  const command = program
    .command('up')
    .description('Start everything on this machine: a private Redis, one worker with the demo models, one server.')
    .option('--listen <host:port>', 'where the server listens', defaultServer)
    .option('--data <dir>', 'the folder for the data of Redis and for the logs', '.inferq')
    .option('--repository <dir>', 'the models to serve', demoModels)
    .option('--strict', 'refuse to start if a model cannot be loaded; without it, the others are served');
  addLogLevel(addRedisTls(command))
    .addHelpText('after', '\nIf REDIS_URL is set, that Redis is used and none is started. inferq up runs until Ctrl-C or SIGTERM.')
    .addHelpText('after', '\nExample:\n  inferq up --listen 127.0.0.1:50052 --data /var/lib/inferq')
    .action(run);
}

async function run(flags: Flags): Promise<void> {
  parseListen(flags.listen);
  const redisUrl = process.env.REDIS_URL || undefined;
  const { redisTls } = redisTlsOf(flags);
  if (redisUrl !== undefined) {
    const redis = parseRedisUrl(redisUrl, redisTls);
    if (!redis.ok) throw wrongUsage(`REDIS_URL cannot be used: ${redis.problem}.`);
  } else if (redisTls !== undefined) {
    throw wrongUsage('Certificates for Redis need a Redis of your own: set REDIS_URL to its rediss:// URL.');
  }
  const repository = resolve(flags.repository);
  if (!existsSync(repository)) throw wrongUsage(`There is no folder ${repository}: give the folder of your models with --repository.`);
  const { stop, hurry } = stopSignals();
  const { runUp } = await import('../up/up.ts');
  process.exitCode = await runUp({
    ...flags,
    repository,
    strict: flags.strict === true,
    redisUrl,
    redisTlsArgs: redisTlsArgs(flags),
    defaultListen: defaultServer,
    stop,
    hurry,
    say: (line) => process.stdout.write(`${plainText(line)}\n`),
  });
}

/** `stop` fires with the first signal, `hurry` with one that comes later. */
function stopSignals(): { stop: AbortSignal; hurry: AbortSignal } {
  const stop = new AbortController();
  const hurry = new AbortController();
  let stoppedAt = 0;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => {
      if (stoppedAt > 0 && Date.now() - stoppedAt > sameSignalMs) hurry.abort();
      stoppedAt ||= Date.now();
      stop.abort();
    });
  }
  return { stop: stop.signal, hurry: hurry.signal };
}
