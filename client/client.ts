/** The client: one method for each verb. */

import { Connection, defaultInternals, type Internals } from './connection.ts';
import { type CallOptions, type ClientOptions, settingsOf } from './options.ts';
import type { SubmitManyOutput } from './submit-many/item.ts';
import type { Source } from './submit-many/session.ts';
import { Admin } from './verbs/admin.ts';
import { type CancelOptions, cancel } from './verbs/cancel.ts';
import { type GetInputOptions, getInput } from './verbs/get-input.ts';
import { type GetResultOptions, getResult } from './verbs/get-result.ts';
import { model } from './verbs/model.ts';
import { type PredictOptions, predict } from './verbs/predict.ts';
import { type Submitted, submit } from './verbs/submit.ts';
import { type SubmitManyOptions, submitMany } from './verbs/submit-many.ts';
import { type WatchOptions, watch } from './verbs/watch.ts';
import type { WatchEvent } from './wire/event.ts';
import type { TaskInput } from './wire/input.ts';
import type { Model } from './wire/model.ts';
import type { SubmitRequest } from './wire/request.ts';
import type { Task } from './wire/task.ts';

/** All methods throw `InferqError`s; see errors.ts. Times are milliseconds. */
export class InferqClient {
  /** What operators ask for. */
  readonly admin: Admin;
  readonly #connection: Connection;

  /** Connects with the first call. Throws where a TLS file cannot be read. */
  constructor(options: ClientOptions = {}, internals: Internals = defaultInternals) {
    this.#connection = new Connection(settingsOf(options), internals);
    this.admin = new Admin(this.#connection);
  }

  /** Hands a task to the broker, which has it for good when this resolves. */
  submit(request: SubmitRequest, options: CallOptions = {}): Promise<Submitted> {
    return submit(this.#connection, request, options);
  }

  /**
   * Hands over many tasks on one stream. Items are taken from `items` as fast as the broker accepts them and the results of this
   * iteration are read. A stream that breaks is opened again: nothing is submitted twice, no followed event is lost.
   */
  submitMany(items: Source, options: SubmitManyOptions = {}): AsyncGenerator<SubmitManyOutput, void> {
    return submitMany(this.#connection, items, options);
  }

  /** The task as it stands, or with `waitMs` as soon as it ends. A failed task is an answer, not an error. */
  getResult(taskId: string, options: GetResultOptions = {}): Promise<Task> {
    return getResult(this.#connection, taskId, options);
  }

  /** What a task was submitted with. Throws NotFoundError where that is not kept: see `keepInput`. */
  getInput(taskId: string, options: GetInputOptions = {}): Promise<TaskInput> {
    return getInput(this.#connection, taskId, options);
  }

  /**
   * The task's events from its first snapshot to its terminal state, across broken connections: no end is missed, no chunk is
   * lost or seen twice.
   */
  watch(taskId: string, options: WatchOptions = {}): AsyncGenerator<WatchEvent, void> {
    return watch(this.#connection, taskId, options);
  }

  /** Submits and waits for success. Throws TaskFailedError, with the task, where it ends otherwise. */
  predict(request: SubmitRequest, options: PredictOptions = {}): Promise<Task> {
    return predict(this.#connection, request, options);
  }

  /** Asks for a task's end; the answer is the task as it then stands. */
  cancel(taskId: string, options: CancelOptions = {}): Promise<Task> {
    return cancel(this.#connection, taskId, options);
  }

  /** What a model takes and gives; without a version, the one that a submit would use. */
  model(name: string, version = '', options: CallOptions = {}): Promise<Model> {
    return model(this.#connection, name, version, options);
  }

  /** Ends the connection, and with it every call that goes on. */
  close(): void {
    this.#connection.close();
  }
}
