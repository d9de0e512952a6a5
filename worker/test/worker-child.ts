/** The process that `WorkerProcess` forks. */

import { runWorker, type WorkerOptions } from '../main.ts';

const options = JSON.parse(process.argv[2] ?? '{}') as WorkerOptions;
const place = process.argv[3] === undefined ? undefined : (JSON.parse(process.argv[3]) as { host: string; pid: number });
try {
  process.exitCode = await runWorker(options, { onReady: (info) => void process.send?.({ info }) }, place);
} catch (error) {
  process.send?.({ refusal: `${(error as Error).name}: ${(error as Error).message}` });
  process.exitCode = 2;
}
process.disconnect();
