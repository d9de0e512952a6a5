/** The inference thread: loads the models, then runs what the main thread sends. */

import { parentPort, workerData } from 'node:worker_threads';
import type { EngineOptions, FailedLoad, ModelRef } from '../engine.ts';
import { report } from '../load-report.ts';
import { openLog } from '../log.ts';
import { requireDevice } from '../onnx/runtime.ts';
import { firstLine, isA, stackOf } from './errors.ts';
import { CallDoesNotReturn } from './handler-call.ts';
import { HandlerOutput } from './handler-output.ts';
import { provideHandlerApi } from './load-handler.ts';
import { loadModel } from './load-model.ts';
import type { FromThread, ToThread } from './messages.ts';
import { Outbox } from './outbox.ts';
import type { ModelRunner } from './runner.ts';
import { Scheduler } from './scheduler.ts';
import { currentScope } from './scope.ts';

const nameOf = ({ name, version }: ModelRef) => `${name}:${version}`;

function say(message: FromThread, transfer: ArrayBuffer[] = []): void {
  parentPort?.postMessage(message, transfer);
}

async function loadAll({ models, device, threads, reports }: EngineOptions, outbox: Outbox) {
  const runtime = { device, threads, flushDenormals: models.every(({ settings }) => settings.flush_denormals) };
  await requireDevice(runtime);
  const tell = reports ? report : () => {};
  const runners: ModelRunner[] = [];
  const failed: FailedLoad[] = [];
  for (const [index, version] of models.entries()) {
    tell({ kind: 'begun', index, step: 'load' });
    const onWarmUp = () => tell({ kind: 'begun', index, step: 'warm-up' });
    const outcome = await loadModel(version, { runtime, outbox, onWarmUp });
    if ('reason' in outcome) {
      failed.push(outcome);
      tell({ kind: 'failed', index, failure: outcome });
    } else {
      runners.push(outcome);
      tell({ kind: 'loaded', index, model: outcome.model });
    }
  }
  return { runners, failed };
}

function serve(runners: readonly ModelRunner[], outbox: Outbox): void {
  const scheduler = new Scheduler(runners);
  const byName = new Map(runners.map((runner) => [nameOf(runner.model.spec), runner]));
  parentPort?.on('message', (message: ToThread) => {
    switch (message.kind) {
      case 'start':
        byName.get(nameOf(message.model))?.add(message.run, message.tasks);
        scheduler.wake().catch((error) => over(error, !isA(error, CallDoesNotReturn)));
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

/** Ends the work of this thread. */
function over(error: unknown, blamed: boolean): void {
  say({ kind: 'over', sentence: firstLine(error), blamed });
}

const options = workerData as EngineOptions;
const { level, dest, ...bindings } = options.log;
const output = new HandlerOutput(openLog(level, bindings, dest));
output.capture();

/** An error that nobody caught: a rejected promise that nobody awaits, a throw in a timer or in the listener of an event. */
process.on('uncaughtException', (error: unknown) => {
  const scope = currentScope();
  const err = { message: firstLine(error), stack: stackOf(error) };
  output.line('error', scope, { err }, 'an error that nobody caught');
  if (scope) scope.stray(error);
  else over(error, false);
});

// It would end this thread alone, and with it whatever else runs.
process.exit = (code) => {
  throw new Error(`a handler called process.exit(${code ?? ''})`);
};

provideHandlerApi();
const outbox = new Outbox((events, transfer) => say({ kind: 'events', events }, transfer));
try {
  const { runners, failed } = await loadAll(options, outbox);
  serve(runners, outbox);
  say({ kind: 'ready', models: runners.map(({ model }) => model), failed });
} catch (error) {
  say({ kind: 'refused', sentence: firstLine(error) });
}
