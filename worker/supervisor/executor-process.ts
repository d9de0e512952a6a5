/** One executor's process, as its supervisor sees it: started, spoken to, pinged, and ended at some time. */

import { type ChildProcess, fork } from 'node:child_process';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { modelLabel } from '@inferq/core/names.ts';
import { oneLine } from '@inferq/core/plain-text.ts';
import { BoundedLog, logPipe } from '../bounded-log.ts';
import type { EndReason, ExecutorOptions, FromExecutor, Loaded, ToExecutor } from '../executor/messages.ts';
import { readReports } from '../load-report.ts';
import { type LoadingStep, LoadWatch } from '../load-watch.ts';
import type { Log } from '../log.ts';
import { killLeftovers, markedEnvironment } from '../process-tree.ts';
import { Silence } from './silence.ts';

const pingMs = 1_000;
const bootMs = 30_000;
const slowLoadMs = 30_000;

/** How it ended. `how` is for people: `signal SIGSEGV`, `exit code 1`. */
export interface ExecutorExit {
  how: string;
  reason: EndReason | 'stopped' | 'crashed';
}

/** Resolves when nothing more is reported, because the process has ended at the latest. */
async function follow(watch: LoadWatch, child: ChildProcess): Promise<void> {
  for await (const report of readReports(child)) watch.hear(report);
}

/** It ended before it had tried all its models: `loading` tells at which, `sure` whether it would end there again. The message says how. */
export class EndedLoading extends Error {
  readonly loading: LoadingStep | undefined;
  readonly sure: boolean;

  constructor(how: string, loading: LoadingStep | undefined, sure: boolean) {
    super(how);
    this.loading = loading;
    this.sure = sure;
  }
}

export class ExecutorProcess {
  readonly name: string;
  /** What it could load. Rejects with an EndedLoading where it ends before it has tried everything. */
  readonly loaded: Promise<Loaded>;
  readonly exited: Promise<ExecutorExit>;
  readonly #child: ChildProcess;
  #ending: { reason: EndReason | 'stopped'; message: string } | undefined;
  #refusal: string | undefined;
  #killed: { reason: 'crashed' | 'stopped'; message: string } | undefined;

  /** `visible` is its CUDA_VISIBLE_DEVICES. Its process group is its own, so that signals of a terminal reach the supervisor first. */
  constructor(options: ExecutorOptions, visible: string, log: Log) {
    this.name = options.name;
    const main = fileURLToPath(new URL(`../executor/main${extname(import.meta.url)}`, import.meta.url));
    this.#child = fork(main, [], {
      env: { ...markedEnvironment(options.name), CUDA_VISIBLE_DEVICES: visible },
      execArgv: [],
      serialization: 'advanced',
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc', 1, 'pipe'],
    });
    const own = log.child({ executor: options.name });
    this.#logPipes(own);
    const loaded = Promise.withResolvers<Loaded>();
    const watch = new LoadWatch(options.models, slowLoadMs, ({ version, step, sinceMs }) =>
      own.info({ model: modelLabel(version), step, seconds: Math.round(sinceMs / 1_000) }, 'still loading'),
    );
    const followed = follow(watch, this.#child);
    const silence = new Silence(options.leaseMs / 2, bootMs, pingMs);
    this.loaded = loaded.promise;
    this.loaded.catch(() => {});
    this.#child.on('message', (message: FromExecutor) => {
      silence.answered();
      if (message.kind === 'loaded') loaded.resolve(message);
      if (message.kind === 'refused') this.#refusal = message.message;
      if (message.kind === 'ending') this.#ending = message;
      if (message.kind === 'stopped') this.#ending = { reason: 'stopped', message: 'stopped' };
    });
    const pinging = setInterval(() => {
      if (silence.beat(performance.now())) this.kill(`silent for more than ${options.leaseMs / 2_000} s, killed`, 'crashed');
      else this.#tell({ kind: 'ping' });
      const overdue = watch.look();
      if (overdue === undefined) return;
      this.#refusal = overdue;
      this.kill(overdue, 'stopped');
    }, pingMs);
    this.exited = this.#watchExit().then((exit) => {
      clearInterval(pinging);
      return exit;
    });
    void Promise.all([this.exited, followed]).then(([{ how }]) =>
      loaded.reject(new EndedLoading(this.#refusal ?? how, watch.loading, this.#refusal !== undefined)),
    );
    this.#tell({ kind: 'load', options });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** It is registered: it may claim. */
  go(): void {
    this.#tell({ kind: 'go' });
  }

  /** Asks it to finish within `graceMs`, give back the rest, and end. */
  stop(graceMs: number): void {
    this.#tell({ kind: 'stop', graceMs });
  }

  /** Ends it at once. `message` is for people; `crashed` where it is to blame, and what it ran with it. */
  kill(message: string, reason: 'crashed' | 'stopped'): void {
    this.#killed ??= { reason, message };
    this.#child.kill('SIGKILL');
  }

  /** What is printed past its log: by native code, by processes that handlers start, by Node.js as it ends. */
  #logPipes(log: Log): void {
    const bounded = new BoundedLog(log);
    for (const stream of ['stdout', 'stderr'] as const) {
      const pipe = this.#child[stream];
      if (pipe) logPipe(pipe, (text, length) => bounded.line('warn', { stream }, text, length));
    }
  }

  #tell(message: ToExecutor): void {
    // A channel that has just closed is no error: the exit follows.
    if (this.#child.connected) this.#child.send(message, () => {});
  }

  #watchExit(): Promise<ExecutorExit> {
    return new Promise((resolve) => {
      this.#child.once('error', (error) => resolve({ how: `could not be started: ${error.message}`, reason: 'crashed' }));
      this.#child.once('exit', (code, signal) => {
        killLeftovers(this.name, this.#child.pid);
        const told = this.#ending ?? this.#killed;
        const how = told?.message ?? (signal ? `signal ${signal}` : `exit code ${code}`);
        resolve({ how: oneLine(how.slice(0, 200)), reason: told?.reason ?? 'crashed' });
      });
    });
  }
}
