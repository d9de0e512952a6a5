/** The inference thread: loads the models, then runs what the main thread sends. */

import { parentPort, workerData } from 'node:worker_threads';
import type { EngineOptions, ModelRef } from '../engine.ts';
import { requireDevice } from '../onnx-session.ts';
import { openRepository } from '../repository/repository.ts';
import { selectModels } from '../repository/select.ts';
import { firstLine } from './errors.ts';
import { provideHandlerApi } from './load-handler.ts';
import { loadModel } from './load-model.ts';
import type { FromThread, ToThread } from './messages.ts';
import { Outbox } from './outbox.ts';
import type { ModelRunner } from './runner.ts';
import { Scheduler } from './scheduler.ts';

const nameOf = ({ name, version }: ModelRef) => `${name}:${version}`;

function say(message: FromThread, transfer: ArrayBuffer[] = []): void {
  parentPort?.postMessage(message, transfer);
}

async function loadAll({ models, device, threads }: EngineOptions, outbox: Outbox): Promise<ModelRunner[]> {
  await requireDevice(device);
  const runners: ModelRunner[] = [];
  for (const model of models) {
    const selection = selectModels(await openRepository(model.repository), nameOf(model));
    if (!selection.ok) throw new Error(selection.problem);
    for (const version of selection.versions) {
      runners.push(await loadModel(version, { device, threads }, outbox));
    }
  }
  return runners;
}

function serve(runners: readonly ModelRunner[], outbox: Outbox): void {
  const scheduler = new Scheduler(runners);
  const byName = new Map(runners.map((runner) => [nameOf(runner.model.spec), runner]));
  parentPort?.on('message', (message: ToThread) => {
    switch (message.kind) {
      case 'start':
        byName.get(nameOf(message.model))?.add(message.run, message.tasks);
        void scheduler.wake();
        break;
      case 'abort':
        for (const runner of runners) runner.abort(message.key, message.why);
        break;
      case 'ping':
        say({ kind: 'pong' });
        break;
      case 'held':
        for (const { chunk, held } of message.chunks) outbox.held(chunk, held);
        break;
    }
  });
}

provideHandlerApi();
const outbox = new Outbox((events, transfer) => say({ kind: 'events', events }, transfer));
try {
  const runners = await loadAll(workerData as EngineOptions, outbox);
  serve(runners, outbox);
  say({ kind: 'ready', models: runners.map(({ model }) => model) });
} catch (error) {
  say({ kind: 'refused', sentence: firstLine(error) });
}
