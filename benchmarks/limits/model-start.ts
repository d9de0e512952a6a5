/** How long a worker takes to be ready with many small models: the whole start, from the command to the first claim. */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { plusOne } from '@inferq/test/support/onnx-fixture.ts';
import { startRedis } from '@inferq/test/support/redis.ts';
import { startProcess } from '@inferq/test/support/stack.ts';
import type { Limit } from './limit.ts';

/** A repository of so many models of one operator each. */
function repositoryOf(count: number): string {
  const folder = mkdtempSync(join(tmpdir(), 'inferq-many-models-'));
  for (let index = 1; index <= count; index++) {
    mkdirSync(join(folder, `m${index}`, '1'), { recursive: true });
    writeFileSync(join(folder, `m${index}`, 'model.yaml'), '');
    writeFileSync(join(folder, `m${index}`, '1', 'model.onnx'), plusOne([2]));
  }
  return folder;
}

function startLimit(count: number, atMost: number): Limit {
  return {
    name: `start-${count}-models`,
    about: `from \`inferq worker\` with ${count} models of one operator until it claims`,
    unit: 's',
    atMost,
    async start() {
      const folder = repositoryOf(count);
      const redis = await startRedis();
      return {
        async once() {
          const begun = performance.now();
          const worker = await startProcess('worker', ['--repository', folder, '--log-level', 'warn', '--strict'], redis.url);
          const took = (performance.now() - begun) / 1_000;
          await worker.stop('SIGTERM');
          return took;
        },
        async stop() {
          await redis.stop();
          rmSync(folder, { recursive: true, force: true });
        },
      };
    },
  };
}

export const modelStart: readonly Limit[] = [startLimit(200, 10), startLimit(1_610, 30)];
