/** Processes of the proof's own: clients whose memory and work are not to be counted as anybody else's. */

import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Request } from './processes/answering.ts';

type Message<Answer> = { answer: Answer } | { problem: string };

export class ClientProcess<Asked extends Request> {
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  /** Starts one of `processes/`; resolves when it listens. */
  static async start<Asked extends Request>(name: 'reader' | 'sleeper'): Promise<ClientProcess<Asked>> {
    const helper = new ClientProcess<Asked>(fork(fileURLToPath(new URL(`processes/${name}.ts`, import.meta.url))));
    await helper.#answer();
    return helper;
  }

  /** Resolves to the answer; one thing at a time. */
  ask<Answer extends object>(asked: Asked): Promise<Answer> {
    this.#child.send(asked);
    return this.#answer();
  }

  end(): void {
    this.#child.kill('SIGKILL');
  }

  #answer<Answer extends object>(): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const ended = () => reject(new Error('a client process of the proof ended by itself'));
      this.#child.once('exit', ended);
      this.#child.once('message', (message: Message<Answer>) => {
        this.#child.off('exit', ended);
        if ('answer' in message) resolve(message.answer);
        else reject(new Error(message.problem));
      });
    });
  }
}
