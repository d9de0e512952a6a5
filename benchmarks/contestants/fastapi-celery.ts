/** Celery behind FastAPI: submitted over HTTP, and polled until the result is there. */

import { Agent, type RequestOptions, request } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { checkSame } from '../inputs.ts';
import { openLoop } from '../measure/open-loop.ts';
import { modelFile } from '../repository.ts';
import { type Sample, sampleAt } from '../samples.ts';
import type { Setup } from '../scenario.ts';
import { celeryEnvironment } from './celery.ts';
import { type PeerQueue, startWithRedis } from './peer-queue.ts';

const program = fileURLToPath(new URL('../peers/fastapi-celery/serve.py', import.meta.url));
/** Enough to saturate it. */
const clients = 32;
const answerLimitMs = 60_000;

/** Starts it for a model of the repository; a client asks for its result every `pollMs`, first after that time. */
export async function startFastapiCelery(setup: Setup, model: string, pollMs: number): Promise<PeerQueue> {
  const peer = await startWithRedis(await setup.python(), [program], modelFile(setup.repository, model), celeryEnvironment);
  const agent = new Agent({ keepAlive: true });
  const address = { host: '127.0.0.1', port: Number(peer.program.ready.port), agent };

  const task = async ({ input, expected }: Sample) => {
    const late = performance.now() + answerLimitMs;
    const { id } = (await call({ ...address, method: 'POST', path: '/submit' }, { values: input })) as { id: string };
    for (;;) {
      await pause(pollMs);
      const answer = (await call({ ...address, path: `/result/${id}` })) as { done: boolean; values?: number[] };
      if (answer.done) return checkSame(answer.values, expected);
      if (performance.now() > late) throw new Error('FastAPI has no result after a minute');
    }
  };

  return {
    async throughput(tasks, samples) {
      let next = 0;
      const client = async () => {
        while (next < tasks) await task(sampleAt(samples, next++));
      };
      const began = performance.now();
      await Promise.all(Array.from({ length: clients }, client));
      return (performance.now() - began) / 1_000;
    },
    latency: (rate, count, samples) => openLoop({ rate, count, send: (index) => task(sampleAt(samples, index)) }),
    async stop() {
      agent.destroy();
      await peer.stop();
    },
  };
}

/** One request: the JSON of its answer. Throws where its status is not 200. */
function call(options: RequestOptions, body?: unknown): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const sent = request({ ...options, headers: body === undefined ? {} : { 'content-type': 'application/json' } }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (piece) => {
        text += piece;
      });
      response.on('end', () => {
        if (response.statusCode === 200) resolve(JSON.parse(text));
        else reject(new Error(`FastAPI answered ${response.statusCode}: ${text}`));
      });
      response.on('error', reject);
    });
    sent.on('error', reject);
    sent.end(body === undefined ? undefined : JSON.stringify(body));
  });
}
