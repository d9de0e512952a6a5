/** Leaving a task that is waited for, without harm to it, and the command line that takes it up again. */

import type { ServerFlags } from '../connect.ts';
import { exitCodes, Failure } from '../failure.ts';

/** Continues `inferq watch`, or `inferq result --wait`, at the same server. */
export function comeBackLine(verb: 'watch' | 'result', taskId: string, flags: ServerFlags): string {
  const { server, tls, tlsCa, tlsCert, tlsKey } = flags;
  const values = Object.entries({ '--server': server, '--tls-ca': tlsCa, '--tls-cert': tlsCert, '--tls-key': tlsKey });
  const given = values.flatMap(([flag, value]) => (value === undefined ? [] : [flag, quoted(value)]));
  return ['inferq', verb, taskId, ...(verb === 'result' ? ['--wait'] : []), ...given, ...(tls ? ['--tls'] : [])].join(' ');
}

/** As a shell takes it. */
function quoted(value: string): string {
  return /^[\w./:@%+,=~-]+$/.test(value) ? value : `'${value.replaceAll("'", `'\\''`)}'`;
}

/** Runs `use` until Ctrl-C fires its signal: then throws a Failure that says how to come back. */
export async function untilInterrupted<T>(comeBack: string, use: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const interrupt = new AbortController();
  const onInterrupt = (): void => interrupt.abort();
  process.on('SIGINT', onInterrupt);
  try {
    return await use(interrupt.signal);
  } catch (error) {
    if (!interrupt.signal.aborted) throw error;
    throw new Failure(`\nDetached; the task continues. Come back to it with: ${comeBack}`, exitCodes.interrupted);
  } finally {
    process.off('SIGINT', onInterrupt);
  }
}
