/** How long a short command takes, most of which is starting: with its answer, on each Node.js that people may have. */

import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startRedis } from '@inferq/test/support/redis.ts';
import { command, startProcess } from '@inferq/test/support/stack.ts';
import type { Limit } from './limit.ts';

const launcher = fileURLToPath(new URL('../../cli/bin/inferq.js', import.meta.url));

/** The path without what packages brought, so that `node` and `npx` are those of the system. */
const systemPath = (process.env.PATH ?? '').split(delimiter).filter((folder) => !folder.includes('node_modules'));

/** A program of the system. Throws where there is none. */
function systemProgram(name: string): string {
  const file = systemPath.map((folder) => join(folder, name)).find((candidate) => existsSync(candidate));
  if (file === undefined) throw new Error(`this machine has no ${name} besides that of the repository: install one to measure with it`);
  return file;
}

/** Runs `inferq queues` as `start` says, against a server with an empty Redis. */
function queuesLimit(name: string, how: string, atMost: number, start: () => [program: string, args: string[]]): Limit {
  return {
    name,
    about: `the whole time of \`inferq queues\`, started ${how}`,
    unit: 'ms',
    atMost,
    async start() {
      const [program, args] = start();
      const redis = await startRedis();
      const server = await startProcess('server', ['--listen', '127.0.0.1:0', '--log-level', 'warn'], redis.url);
      const env = { PATH: systemPath.join(delimiter), INFERQ_SERVER: server.address };
      const once = async () => {
        const begun = performance.now();
        const { code, stdout, stderr } = await command(program, [...args, 'queues'], { env });
        const took = performance.now() - begun;
        if (code !== 0 || !stdout.startsWith('QUEUE')) throw new Error(`inferq queues ended with ${code}: ${stderr}`);
        return took;
      };
      // The first start on a machine compiles, and keeps what it compiled.
      await once();
      return {
        once,
        async stop() {
          await server.stop('SIGKILL');
          await redis.stop();
        },
      };
    },
  };
}

export const commandStart: readonly Limit[] = [
  queuesLimit('command', 'on the Node.js that comes with inferq', 350, () => [process.execPath, [launcher]]),
  queuesLimit('command-system-node', 'on the Node.js of the system, which may be 20 and then starts the one of inferq', 600, () => [
    systemProgram('node'),
    [launcher],
  ]),
  queuesLimit('command-npx', "by npx of the system, of which npm's own start is most", 1_200, () => [systemProgram('npx'), ['inferq']]),
];
