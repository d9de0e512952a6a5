/** When Redis answers again: asked over a connection of its own each time, as nothing else in the system does. */

import { connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

const lookMs = 5;
const patienceMs = 100;

/** Names the process that listens on the port. Undefined where none does, it does not answer, or it still loads its file. */
export function runIdAt(port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    let reply = '';
    const socket = connect({ port, host: '127.0.0.1' });
    const end = (runId: string | undefined) => {
      socket.destroy();
      resolve(runId);
    };
    socket.setTimeout(patienceMs, () => end(undefined));
    socket.once('connect', () => socket.write('PING\r\nINFO server\r\n'));
    socket.on('data', (data) => {
      reply += data;
      const runId = /run_id:(\w+)\r/.exec(reply)?.[1];
      if (runId !== undefined) end(reply.startsWith('+PONG') ? runId : undefined);
    });
    socket.once('error', () => end(undefined));
    socket.once('close', () => end(undefined));
  });
}

/** Resolves to the epoch milliseconds of the first answer of another process than `runId` on the port. */
export async function answersAnew(port: number, runId: string | undefined): Promise<number> {
  for (;;) {
    const found = await runIdAt(port);
    if (found !== undefined && found !== runId) return Date.now();
    await pause(lookMs);
  }
}
