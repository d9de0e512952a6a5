/** The share of grpc-js: streams of a server that does nothing, opened by the same clients. */

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { memoryOf } from '@inferq/test/support/memory.ts';
import { kilobytes, type Measurement, told } from '../measurement.ts';
import { perWatch, stepsOf } from './per-watch.ts';
import { Readers } from './readers.ts';

const bareServer = fileURLToPath(new URL('../processes/bare-server.ts', import.meta.url));
/** Opened and closed first, so that code is not counted. */
const warmUp = 500;

export async function measureBare(streams: number): Promise<Measurement[]> {
  const child = fork(bareServer);
  const readers = await Readers.start();
  try {
    const [{ address }] = (await once(child, 'message')) as [{ address: string }];
    const taskIds = Array.from({ length: streams }, (_, index) => String(index).padStart(26, '0'));
    await readers.open(address, taskIds.slice(0, warmUp));
    await readers.close();
    const before = await memoryOf(child);
    const rows: Measurement[] = [];
    let open = 0;
    for (const step of stepsOf(streams)) {
      await readers.open(address, taskIds.slice(open, step));
      open = step;
      const { resident, live } = perWatch(before, await memoryOf(child), open);
      rows.push(
        told(`${open} streams of a bare grpc-js server: memory per stream, resident, live`, `${kilobytes(resident)}, ${kilobytes(live)}`),
      );
    }
    return rows;
  } finally {
    readers.end();
    child.kill('SIGKILL');
  }
}
