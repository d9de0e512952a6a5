/** A TCP proxy that stands for a host name: new connections go where it points now, those that exist stay where they are. */

import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export interface Switch {
  readonly port: number;
  /** How many connections were made through it. */
  readonly connections: number;
  /** New connections go to this loopback port. */
  point(port: number): void;
  stop(): Promise<void>;
}

/** Starts one that points at this loopback port. */
export async function startSwitch(port: number): Promise<Switch> {
  let target = port;
  let connections = 0;
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    connections += 1;
    const far = connect(target, '127.0.0.1');
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from);
      from.pipe(to);
      from.on('error', () => to.destroy());
      from.on('close', () => {
        sockets.delete(from);
        to.destroy();
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    get connections() {
      return connections;
    },
    point: (next) => {
      target = next;
    },
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
