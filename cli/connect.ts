/** The connection of a command to a server, and what its errors mean to the person at the terminal. */

import type { ClientOptions, InferqClient } from '@inferq/client/index.ts';
import { oneLine } from '@inferq/core/plain-text.ts';
import type { Command } from 'commander';
import { exitCodes, Failure, wrongUsage } from './failure.ts';

export const defaultServer = '127.0.0.1:50051';

/** Tries of a call before the server counts as unreachable; about a second. */
const tries = 4;

export interface ServerFlags {
  server: string;
  tls?: true;
  tlsCa?: string;
  tlsCert?: string;
  tlsKey?: string;
}

/** Adds the options that say which server; gives the command back. */
export function addServerFlags(command: Command): Command {
  return command
    .option(
      '--server <address>',
      'HOST, HOST:PORT, http://HOST:PORT or https://HOST:PORT; INFERQ_SERVER sets another default',
      process.env.INFERQ_SERVER || defaultServer,
    )
    .option('--tls', "use TLS, trusting the system's roots")
    .option('--tls-ca <file>', 'use TLS, trusting the roots in this PEM file')
    .option('--tls-cert <file>', "this client's certificate, for a server that asks for one")
    .option('--tls-key <file>', 'the key of that certificate');
}

type Use<T> = (client: InferqClient) => Promise<T>;

/** Runs `use` with a client that gives up after about a second, and closes it. Throws a Failure for what the client throws. */
export function withClient<T>(flags: ServerFlags, use: Use<T>): Promise<T> {
  return run(flags, { retry: { maxAttempts: tries } }, use);
}

/** The same for a command that waits for a task: its client comes back after a break, and `onRetry` is told of each. */
export function withPatientClient<T>(flags: ServerFlags, patience: Patience, use: Use<T>): Promise<T> {
  return run(flags, { retry: { onRetry: patience.onRetry } }, use, patience.comeBack);
}

export interface Patience {
  onRetry(error: Error): void;
  /** The command line that goes on where this one gives up. */
  comeBack: string;
}

async function run<T>(flags: ServerFlags, options: Pick<ClientOptions, 'retry'>, use: Use<T>, comeBack?: string): Promise<T> {
  const { InferqClient } = await import('@inferq/client/index.ts');
  // A reader such as `head` may go first: then there is nothing left to do.
  process.stdout.once('error', () => process.exit(exitCodes.succeeded));
  const tls = tlsOf(flags);
  try {
    const client = new InferqClient({
      server: flags.server,
      ...(tls ? { tls } : {}),
      ...options,
    });
    try {
      return await use(client);
    } finally {
      client.close();
    }
  } catch (error) {
    throw await asFailure(error, comeBack);
  }
}

function tlsOf({ tls, tlsCa, tlsCert, tlsKey }: ServerFlags): { ca?: string; cert?: string; key?: string } | undefined {
  if ((tlsCert === undefined) !== (tlsKey === undefined)) throw wrongUsage('--tls-cert and --tls-key belong together: give both.');
  if (!tls && tlsCa === undefined && tlsCert === undefined) return undefined;
  return {
    ...(tlsCa === undefined ? {} : { ca: tlsCa }),
    ...(tlsCert === undefined ? {} : { cert: tlsCert }),
    ...(tlsKey === undefined ? {} : { key: tlsKey }),
  };
}

/** The error itself where it is not the client's. */
async function asFailure(error: unknown, comeBack?: string): Promise<unknown> {
  const { DeadlineError, InferqError, UnavailableError } = await import('@inferq/client/errors.ts');
  if (!(error instanceof InferqError)) return isFileError(error) ? wrongUsage(`${error.message}.`) : error;
  if (error.violations.some(({ field }) => field === 'server')) return wrongUsage(`${error.message}.`);
  // With a reason the server did answer: it is its store that is out of reach, or it is ending.
  if ((error instanceof UnavailableError || error instanceof DeadlineError) && error.reason === '') {
    const more = comeBack === undefined ? '' : `\nThe task continues. Come back to it with: ${comeBack}`;
    return new Failure(`${unreachable(error.message)}${more}`, exitCodes.unreachable);
  }
  const fields = error.violations.filter(({ description }) => !error.message.includes(description));
  const lines = fields.map(({ field, description }) => `  ${oneLine(`${field}: ${description}`)}`);
  return new Failure([oneLine(error.message), ...lines].join('\n'));
}

/** Only where nothing listens is starting a server of any use. */
function unreachable(message: string): string {
  const refused = /^no connection to (\S+): (connect ECONNREFUSED.*)$/.exec(message);
  if (!refused) return `No inferq server can be reached: ${message}.`;
  const hint = 'start one with "inferq up", or name another with --server or INFERQ_SERVER';
  return `No inferq server answers at ${refused[1]} (${refused[2]}): ${hint}.`;
}

/** A certificate or key that cannot be read. */
function isFileError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'syscall' in error && error.syscall === 'open';
}
