import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { expect, onTestFinished, test } from 'vitest';
import { checkRepository } from '../check-repository.ts';
import { repositoryOf } from './model-folder.ts';
import { eventually, openBench } from './worker-process.ts';

/** A handler that starts, when it loads, a child, a child with a child, a detached child, and a daemon, whose parent has ended. */
async function startsProcesses(): Promise<{ repository: string; token: string }> {
  const token = randomUUID();
  const source = `
import { spawn } from 'node:child_process';
const env = { ...process.env, TOKEN: '${token}' };
const start = (command, options = {}) => spawn('sh', ['-c', command], { stdio: 'ignore', env, ...options });
export default {
  async load() {
    start('exec sleep 600');
    start('sleep 600; true');
    start('exec sleep 600', { detached: true }).unref();
    await new Promise((resolve) => start('setsid sleep 600 &').on('exit', resolve));
  },
  run() {},
};`;
  const settings = 'handler: handler.ts\ninputs: []\noutputs: []\nwarmup: 0';
  onTestFinished(() => {
    for (const pid of running(token)) process.kill(pid, 'SIGKILL');
  });
  return { repository: await repositoryOf({ 'm/model.yaml': settings, 'm/1/handler.ts': source }), token };
}

/** The processes that have the token in their environment. */
function running(token: string): number[] {
  const pids = readdirSync('/proc').map(Number).filter(Number.isInteger);
  return pids.filter((pid) => environment(pid).includes(token));
}

function environment(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'latin1');
  } catch {
    return '';
  }
}

const allStarted = (token: string) => eventually('all are started', () => running(token).length === 5);
const noneLeft = (token: string) => eventually('none is left', () => running(token).length === 0);

test.skipIf(process.platform !== 'linux').each(['SIGKILL', 'SIGSEGV'] as const)(
  'what handlers started ends with their executor, however that ends (%s)',
  async (signal) => {
    const { repository, token } = await startsProcesses();
    const worker = (await openBench()).worker({ repository });
    const [executor] = (await worker.ready()).executors;
    await allStarted(token);
    const first = running(token);
    process.kill(executor?.pid ?? 0, signal);
    await eventually('those of the first executor are gone', () => running(token).every((pid) => !first.includes(pid)));
    worker.signal('SIGTERM');
    await worker.exited();
    await noneLeft(token);
  },
);

test.skipIf(process.platform !== 'linux')('what handlers started ends with a worker that is killed', async () => {
  const { repository, token } = await startsProcesses();
  const worker = (await openBench()).worker({ repository });
  await worker.ready();
  await allStarted(token);
  await worker.kill();
  await noneLeft(token);
});

test.skipIf(process.platform !== 'linux')('checking a repository leaves no process behind', async () => {
  const { repository, token } = await startsProcesses();
  for await (const line of checkRepository(repository, () => {})) expect(line.problem).toBeUndefined();
  await noneLeft(token);
});
