/** A TCP proxy that holds back what it carries, in both directions, as its own process: PORT MILLISECONDS; says `{"ready": {"port"}}`. */

import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

const [port = 0, delayMs = 0] = process.argv.slice(2).map(Number);

/** Passes on in order what came, so long after it came. Timers are up to a millisecond late, so the last stretch is polled for. */
function carry(from: Socket, to: Socket): void {
  const held: { due: number; bytes: Buffer }[] = [];
  let waiting = false;
  const passOn = () => {
    waiting = false;
    const now = performance.now();
    while (held[0] !== undefined && held[0].due <= now) to.write(held.shift()?.bytes ?? '');
    wait();
  };
  const wait = () => {
    if (waiting || held[0] === undefined) return;
    waiting = true;
    if (held[0].due - performance.now() > timerSlackMs) setTimeout(passOn, held[0].due - performance.now() - timerSlackMs);
    else setImmediate(passOn);
  };
  from.on('data', (bytes) => {
    held.push({ due: performance.now() + delayMs, bytes });
    wait();
  });
  from.on('close', () => to.destroy());
  from.on('error', () => to.destroy());
}

const timerSlackMs = 1.2;

const server = createServer({ noDelay: true }, (near) => {
  const far = connect({ port, host: '127.0.0.1', noDelay: true });
  carry(near, far);
  carry(far, near);
});
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`${JSON.stringify({ ready: { port: (server.address() as AddressInfo).port } })}\n`);
});
