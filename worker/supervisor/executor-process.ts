/** One executor's process, as its supervisor sees it: started, spoken to, pinged, and ended at some time. */

import { type ChildProcess, fork } from 'node:child_process';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ModelSpec } from '@inferq/core/model.ts';
import { oneLine } from '@inferq/core/plain-text.ts';
import { BoundedLog, logPipe } from '../bounded-log.ts';
import type { EndReason, ExecutorOptions, FromExecutor, ToExecutor } from '../executor/messages.ts';
import type { Log } from '../log.ts';
import { killLeftovers, markedEnvironment } from '../process-tree.ts';
import { Silence } from './silence.ts';

const pingMs = 1_000;
const bootMs = 30_000;

/** How it ended. `how` is for people: `signal SIGSEGV`, `exit code 1`. */
export interface ExecutorExit {
  how: string;
  reason: EndReason | 'stopped' | 'crashed';
}

export class ExecutorProcess {
  readonly name: string;
  /** The models it has loaded. Rejects with a sentence where it cannot load, or dies before it has. */
  readonly loaded: Promise<ModelSpec[]>;
  readonly exited: Promise<ExecutorExit>;
  readonly #child: ChildProcess;
  #ending: { reason: EndReason | 'stopped'; message: string } | undefined;
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
      stdio: ['ignore', 'pipe', 'pipe', 'ipc', 1],
    });
    this.#logPipes(log.child({ executor: options.name }));
    const loaded = Promise.withResolvers<ModelSpec[]>();
    const silence = new Silence(options.leaseMs / 2, bootMs, pingMs);
    this.loaded = loaded.promise;
    this.loaded.catch(() => {});
    this.#child.on('message', (message: FromExecutor) => {
      silence.answered();
      if (message.kind === 'loaded') loaded.resolve(message.models);
      if (message.kind === 'refused') loaded.reject(new Error(message.message));
      if (message.kind === 'ending') this.#ending = message;
      if (message.kind === 'stopped') this.#ending = { reason: 'stopped', message: 'stopped' };
    });
    const pinging = setInterval(() => {
      if (silence.beat(performance.now())) this.kill(`silent for more than ${options.leaseMs / 2_000} s, killed`, 'crashed');
      else this.#tell({ kind: 'ping' });
    }, pingMs);
    this.exited = this.#watchExit().then((exit) => {
      clearInterval(pinging);
      loaded.reject(new Error(`the executor for ${options.device} ended while it loaded its models (${exit.how})`));
      return exit;
    });
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
