/** What operators ask for. Lists are fetched page by page, as far as they are read. */

import {
  AdminDefinition,
  type RedriveDeadLettersRequest,
  type SkippedTask,
  type DeadLetterFilter as WireFilter,
} from '../../proto/gen/inferq/v1/admin.ts';
import { taskErrorCodeFromJSON } from '../../proto/gen/inferq/v1/task.ts';
import type { Connection, Endpoint } from '../connection.ts';
import { invalid } from '../errors.ts';
import type { CallOptions } from '../options.ts';
import { type Dictionary, dictionary } from '../wire/dictionary.ts';
import { type Queue, queueOf, type Worker, workerOf } from '../wire/fleet.ts';
import { type Model, modelOf } from '../wire/model.ts';
import { type Task, taskOf } from '../wire/task.ts';

/** What is left out does not matter. */
export interface DeadLetterFilter {
  model?: string;
  queue?: string;
  /** Such as MODEL_ERROR. */
  codes?: string[];
  /** Ended after, and before. */
  after?: Date;
  before?: Date;
}

export type RedriveSelection = { ids: string[] } | { filter: DeadLetterFilter } | { all: true };

export interface RedriveOptions extends CallOptions {
  /** Only count. */
  dryRun?: boolean;
  /** At most so many; what is left is counted in `remaining`. */
  limit?: number;
}

/** A task that was asked for and is not redriven; `reason` as in errors, such as NOT_A_DEAD_LETTER. */
export interface Skipped {
  taskId: string;
  reason: string;
  message: string;
}

export interface Redriven {
  matched: number;
  /** How many of these were made by a redrive themselves: they failed again. */
  failedAgain: number;
  /** New task ids by old ones. */
  redriven: Dictionary<string>;
  /** The old ids in `redriven` that were redriven before this call. */
  redrivenBefore: string[];
  remaining: number;
  skipped: Skipped[];
}

interface PageRequest {
  pageSize: number;
  pageToken: string;
}

const { methods } = AdminDefinition;
const pageSize = 100;

export class Admin {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** Every queue that exists, with its counts. */
  queues(options: CallOptions = {}): AsyncGenerator<Queue, void> {
    return this.#list({ service: AdminDefinition, method: methods.listQueues }, {}, (page) => page.queues.map(queueOf), options);
  }

  /** The workers alive, with their executors and what these run. */
  workers(options: CallOptions = {}): AsyncGenerator<Worker, void> {
    return this.#list({ service: AdminDefinition, method: methods.listWorkers }, {}, (page) => page.workers.map(workerOf), options);
  }

  /** Every model version known, live or not. */
  models(options: CallOptions = {}): AsyncGenerator<Model, void> {
    return this.#list({ service: AdminDefinition, method: methods.listModels }, {}, (page) => page.models.map(modelOf), options);
  }

  /** Failed tasks that are kept. */
  deadLetters(filter: DeadLetterFilter = {}, options: CallOptions = {}): AsyncGenerator<Task, void> {
    const more = { filter: filterMessage(filter) };
    return this.#list({ service: AdminDefinition, method: methods.listDeadLetters }, more, (page) => page.tasks.map(taskOf), options);
  }

  /** Makes new tasks of dead letters, once: repeated, it answers the same new ids. */
  async redrive(selection: RedriveSelection, { dryRun = false, limit = 0, ...call }: RedriveOptions = {}): Promise<Redriven> {
    const request = { selection: selectionMessage(selection), dryRun, limit };
    const reply = await this.#connection.unary({ service: AdminDefinition, method: methods.redriveDeadLetters }, request, call);
    return {
      matched: Number(reply.matched),
      failedAgain: Number(reply.failedAgain),
      redriven: dictionary(reply.redriven),
      redrivenBefore: reply.redrivenBefore,
      remaining: Number(reply.remaining),
      skipped: reply.skipped.map(skippedOf),
    };
  }

  async *#list<More, Page extends { nextPageToken: string }, Item>(
    endpoint: Endpoint<PageRequest & More, Page>,
    more: More,
    items: (page: Page) => Item[],
    options: CallOptions,
  ): AsyncGenerator<Item, void> {
    let pageToken = '';
    do {
      const page = await this.#connection.unary(endpoint, { pageSize, pageToken, ...more }, options);
      yield* items(page);
      pageToken = page.nextPageToken;
    } while (pageToken !== '');
  }
}

function skippedOf({ taskId, error }: SkippedTask): Skipped {
  return { taskId, reason: error?.reason ?? '', message: error?.message ?? '' };
}

function filterMessage(filter: DeadLetterFilter): WireFilter {
  const codes = (filter.codes ?? []).map((code) => {
    const value = taskErrorCodeFromJSON(`TASK_ERROR_CODE_${code}`);
    if (value <= 0) throw invalid('codes', `there is no error code ${code}`);
    return value;
  });
  return { model: filter.model ?? '', queue: filter.queue ?? '', codes, after: filter.after, before: filter.before };
}

function selectionMessage(selection: RedriveSelection): RedriveDeadLettersRequest['selection'] {
  if ('ids' in selection) return { $case: 'ids', value: { taskIds: selection.ids } };
  if ('filter' in selection) return { $case: 'filter', value: filterMessage(selection.filter) };
  return { $case: 'all', value: selection.all };
}
