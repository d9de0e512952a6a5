/** The main thread's side of the engine: owns the inference thread and speaks with it. */

import { Worker } from 'node:worker_threads';
import type { Engine, EngineListener, EngineOptions } from '../engine.ts';
import type { FromThread, ThreadEvent, ToThread } from './messages.ts';
import { passable } from './messages.ts';

/** How Node.js ends a thread in which nothing is left to happen, although an `await` is not over. */
const unsettledCode = 13;

/**
 * Loads and warms up all models on a thread of their own; what cannot be loaded is left out. Rejects with a sentence where the device
 * cannot be used, or the thread ends.
 */
export async function startEngine(options: EngineOptions, listener: EngineListener): Promise<Engine> {
  // Native code reads the process' real environment, which only the main thread can set.
  process.env.ORT_DISABLE_TELEMETRY = '1';
  // It logs what is printed in it, so nothing comes of its streams. Without them, Node.js would make this process' output non-blocking.
  const thread = new Worker(new URL('./thread.ts', import.meta.url), {
    name: 'inference',
    workerData: options,
    stdout: true,
    stderr: true,
  });
  for (const stream of [thread.stdout, thread.stderr]) stream.resume();
  const tell = listen(thread, listener);
  let state: 'loading' | 'ready' | 'over' = 'loading';
  const pings: (() => void)[] = [];
  let started = 0;
  const { promise, resolve, reject } = Promise.withResolvers<Pick<Engine, 'models' | 'failed'>>();

  const end = (error: Error, blamed: boolean) => {
    if (state === 'loading') reject(error);
    if (state === 'ready' && blamed) listener.broken(error);
    if (state === 'ready' && !blamed) listener.faulty(error);
    state = 'over';
  };
  thread.on('error', (error: Error) => end(error, true));
  thread.on('exit', (code) => {
    const how = code === unsettledCode ? 'waits for what can never happen' : `ended by itself, with exit code ${code}`;
    end(new Error(`the inference thread ${how}`), true);
  });
  thread.on('message', (message: FromThread) => {
    if (message.kind === 'refused') end(new Error(message.sentence), true);
    if (message.kind === 'over') end(new Error(message.sentence), message.blamed);
    if (state === 'loading' && message.kind === 'ready') {
      state = 'ready';
      resolve({ models: message.models, failed: message.failed });
    }
    if (message.kind === 'pong') pings.shift()?.();
    if (message.kind === 'events') for (const event of message.events) if (state === 'ready') tell(event);
  });

  const say = (message: ToThread, transfer: ArrayBuffer[] = []) => thread.postMessage(message, transfer);
  try {
    return {
      ...(await promise),
      start(model, tasks) {
        const run = ++started;
        const { bytes, transfer } = passable(tasks.map(({ input }) => input));
        say({ kind: 'start', model, run, tasks: tasks.map((task, index) => ({ ...task, input: bytes[index] as Uint8Array })) }, transfer);
        return run;
      },
      abort: (key, why) => say({ kind: 'abort', key, why }),
      ping(answered) {
        pings.push(answered);
        say({ kind: 'ping' });
      },
      async close() {
        state = 'over';
        await thread.terminate();
      },
    };
  } catch (error) {
    await thread.terminate();
    throw error;
  }
}

/** Passes the thread's events to the listener, and answers to chunks back to the thread, those of one moment in one message. */
function listen(thread: Worker, listener: EngineListener): (event: ThreadEvent) => void {
  let answers: { chunk: number; held: boolean }[] = [];
  const answer = (chunk: number, held: boolean) => {
    if (answers.push({ chunk, held }) > 1) return;
    queueMicrotask(() => {
      thread.postMessage({ kind: 'held', chunks: answers } satisfies ToThread);
      answers = [];
    });
  };
  return (event) => {
    switch (event.kind) {
      case 'settled':
        return listener.settled(event.key, event.outcome, event.facts);
      case 'chunk':
        return listener.chunk(event.key, event.payload, (held) => answer(event.chunk, held));
      case 'progress':
        return listener.progress(event.key, event.fraction, event.message);
      case 'callEnded':
        return listener.callEnded(event.run);
    }
  };
}
