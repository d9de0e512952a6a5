/** `inferq server`. */

import { defaults } from '@inferq/core/limits.ts';
import { type Command, Option } from 'commander';
import { defaultServer } from '../connect.ts';
import { Failure, wrongUsage } from '../failure.ts';
import { installed } from '../installed.ts';
import { parseBytes, parseFraction, parseInteger } from '../parse/number.ts';
import { shownBytes } from '../print/bytes.ts';
import { endWithParent, tellParent } from '../up/parent-channel.ts';
import { addLease } from './lease.ts';
import { addLogLevel, type LogLevel } from './log-level.ts';
import { addRedis, type RedisFlags, redisTlsOf } from './redis.ts';

interface Flags extends RedisFlags {
  listen: string;
  maxMessageSize: number;
  queues?: string[];
  queueMaxTasks: number;
  queueMaxBytes: number;
  retainedBytes: number;
  memoryWatermark: number;
  lease: number;
  processes: number;
  tlsCert?: string;
  tlsKey?: string;
  tlsCa?: string;
  logLevel: LogLevel;
}

/** Adds the command. */
export function addServer(program: Command): void {
  const command = program.command('server').description('Serve gRPC to clients; any number of servers may share one Redis.');
  const bytes = (flag: string, text: string, value: number): Option =>
    new Option(`${flag} <size>`, text).default(value, shownBytes(value)).argParser((given) => parseBytes(flag, given));
  addLogLevel(addLease(addRedis(command)))
    .option('--listen <host:port>', 'where to listen; port 0 takes a free one', defaultServer)
    .option(
      '--processes <number>',
      'server processes that share the address; each takes connections in turn',
      (text) => parseInteger('--processes', text),
      1,
    )
    .addOption(bytes('--max-message-size', 'the largest message to accept', defaults.maxMessageBytes))
    .option('--queues <names>', 'queues to add to the default ones and those of models and workers, such as a,b', parseNames)
    .option(
      '--queue-max-tasks <number>',
      'the most waiting and scheduled tasks in one queue',
      (text) => parseInteger('--queue-max-tasks', text),
      defaults.queueTasks,
    )
    .addOption(bytes('--queue-max-bytes', 'the most bytes of inputs in one queue', defaults.queueBytes))
    .addOption(bytes('--retained-bytes', 'the most bytes of results to keep', defaults.retainedBytes))
    .option(
      '--memory-watermark <fraction>',
      "fraction of Redis' maxmemory above which submits are refused",
      (text) => parseFraction('--memory-watermark', text),
      defaults.memoryWatermark,
    )
    .option('--tls-cert <file>', 'serve TLS with this certificate (PEM)')
    .option('--tls-key <file>', 'the key of that certificate')
    .option('--tls-ca <file>', 'require a client certificate signed by one of these authorities (PEM)')
    .addHelpText('after', '\nExample:\n  inferq server --redis redis://10.0.0.5:6379 --listen 0.0.0.0:50051')
    .action(run);
}

function parseNames(text: string): string[] {
  return text.split(',').map((name) => name.trim());
}

function tlsOf({ tlsCert, tlsKey, tlsCa }: Flags): { cert: string; key: string; clientCa?: string } | undefined {
  if (tlsCert !== undefined && tlsKey !== undefined)
    return { cert: tlsCert, key: tlsKey, ...(tlsCa === undefined ? {} : { clientCa: tlsCa }) };
  if (tlsCert === undefined && tlsKey === undefined && tlsCa === undefined) return undefined;
  throw wrongUsage('TLS needs both --tls-cert and --tls-key: give both, or neither.');
}

async function run(flags: Flags): Promise<void> {
  const tls = tlsOf(flags);
  const [{ runServer }, { StartFailure, UsageError }] = await installed('server', () =>
    Promise.all([import('@inferq/server/main.ts'), import('@inferq/server/usage-error.ts')]),
  );
  endWithParent();
  try {
    process.exitCode = await runServer(
      {
        redisUrl: flags.redis,
        ...redisTlsOf(flags),
        listen: flags.listen,
        maxMessageBytes: flags.maxMessageSize,
        queues: flags.queues ?? [],
        limits: {
          maxTasks: flags.queueMaxTasks,
          maxBytes: flags.queueMaxBytes,
          retainedBytes: flags.retainedBytes,
          memoryWatermark: flags.memoryWatermark,
        },
        processes: flags.processes,
        logLevel: flags.logLevel,
        leaseMs: flags.lease,
        ...(tls ? { tls } : {}),
      },
      {
        onWaiting: (message) => void tellParent({ kind: 'waiting', message }),
        onReady: (address) => void tellParent({ kind: 'ready', address }),
      },
    );
  } catch (error) {
    if (error instanceof StartFailure) throw new Failure(error.message);
    throw error instanceof UsageError ? wrongUsage(error.message) : error;
  }
}
