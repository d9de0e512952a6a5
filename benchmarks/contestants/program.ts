/** A peer's program: a process that says `{"ready": ...}` when it is up, and then answers each line of JSON with one. */

import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
/** Enough of what it wrote to say why it ended. */
const keptOutput = 4_000;
const startLimitMs = 60_000;

export interface Program {
  readonly pid: number;
  /** What it said with `ready`. */
  readonly ready: Record<string, unknown>;
  /** Sends a question, resolves to the answer. Throws where the program ends, or answers `{"error": ...}`. */
  ask(question: Record<string, unknown>): Promise<Record<string, unknown>>;
  stop(): Promise<void>;
}

export interface ProgramOptions {
  env?: Record<string, string>;
  cwd?: string;
}

type Child = ChildProcessByStdio<Writable, Readable, Readable>;

/** Starts a program and waits until it is ready. */
export async function startProgram(command: string, args: readonly string[], options: ProgramOptions = {}): Promise<Program> {
  const child = spawn(command, args, {
    cwd: options.cwd ?? root,
    env: { ...process.env, ...options.env },
    stdio: ['pipe', 'pipe', 'pipe'],
    // A group of its own: what it starts ends with it.
    detached: true,
  });
  const kill = () => killGroup(child);
  process.once('exit', kill);
  let complaints = '';
  child.stderr.on('data', (data) => {
    complaints = (complaints + data).slice(-keptOutput);
  });
  const ended = new Promise<never>((_resolve, reject) => {
    child.once('error', (error) => reject(new Error(`${command} could not be started: ${error.message}`)));
    child.once('close', (code, signal) => reject(new Error(`${[command, ...args].join(' ')} ended (${signal ?? code}): ${complaints}`)));
  });
  // Whoever asks next is told.
  ended.catch(() => undefined);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const answer = async (): Promise<Record<string, unknown>> => {
    for (;;) {
      const { value = '', done } = await Promise.race([lines.next(), ended]);
      if (done) return ended;
      if (value.startsWith('{')) return JSON.parse(value) as Record<string, unknown>;
    }
  };
  const late = setTimeout(kill, startLimitMs);
  const { ready } = await answer().finally(() => clearTimeout(late));
  return {
    pid: child.pid ?? 0,
    ready: (ready ?? {}) as Record<string, unknown>,
    async ask(question) {
      child.stdin.write(`${JSON.stringify(question)}\n`);
      const reply = await answer();
      if (reply.error !== undefined) throw new Error(String(reply.error));
      return reply;
    },
    async stop() {
      process.removeListener('exit', kill);
      kill();
      await ended.catch(() => undefined);
    },
  };
}

function killGroup(child: Child): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}
