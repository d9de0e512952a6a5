/** Starts `inferq server` or `inferq worker` as a child of `inferq up`. */

import { spawn } from 'node:child_process';
import { closeSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Failure } from '../failure.ts';
import type { DataFolder } from './data-folder.ts';
import type { ChildMessage } from './parent-channel.ts';
import { endOf, killGroup, type Part, stopChild } from './part.ts';
import { formatIdentity, identify } from './process-identity.ts';

const launcher = fileURLToPath(new URL('../bin/inferq.js', import.meta.url));

export interface ChildOptions {
  name: 'server' | 'worker';
  /** What follows the command's name. */
  args: string[];
  /** How to reach Redis; passed in the environment, because it may hold a password. */
  redisUrl: string;
  folder: DataFolder;
  /** Hears what keeps it from starting for now. */
  say: (line: string) => void;
  /** How long it may take to end before it is killed. */
  stopLimitMs: number;
}

/** Starts the child in a process group of its own, so that Ctrl-C leaves it to us. What it prints goes to its log file. */
export function startChild(options: ChildOptions): Part {
  const { name, folder } = options;
  const log = openSync(folder.log(name), 'a', 0o600);
  const child = spawn(process.execPath, [launcher, name, ...options.args], {
    detached: true,
    env: { ...process.env, REDIS_URL: options.redisUrl },
    stdio: ['ignore', log, log, 'ipc'],
  });
  closeSync(log);
  if (child.pid !== undefined) writeFileSync(folder.pidFile(name), formatIdentity(identify(child.pid)));
  const ended = endOf(child).then((how) => {
    rmSync(folder.pidFile(name), { force: true });
    return how;
  });
  const ready = new Promise<string>((resolve, reject) => {
    child.on('message', (message: ChildMessage) => {
      if (message.kind === 'ready') resolve(message.address);
      else if (message.kind === 'remark') options.say(message.message);
      else if (message.kind === 'waiting') options.say(`The ${name} does not start yet. ${message.message}`);
      else reject(new Failure(`The ${name} did not start: ${message.message}`));
    });
    void ended.then((how) => reject(new Failure(`The ${name} ended by itself (${how}): see ${folder.log(name)}.`)));
  });
  // Whoever waits for it gets the reason; it may be rejected while a stop is under way and nobody waits.
  ready.catch(() => {});
  return { ready, ended, stop: () => stopChild(child, ended, options.stopLimitMs), kill: () => killGroup(child) };
}
