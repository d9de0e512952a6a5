/** inferq.v1.Admin: lists for operators, and redriving. */

import type { Outcome } from '@inferq/core/refusal.ts';
import { granted } from '@inferq/core/refusal.ts';
import { violation } from '@inferq/core/violation.ts';
import type { RedriveDeadLettersRequest, RedriveDeadLettersResponse } from '@inferq/proto/gen/inferq/v1/admin.ts';
import { AdminDefinition } from '@inferq/proto/gen/inferq/v1/admin.ts';
import type { Broker, Page } from '../broker.ts';
import { readFilter, readSelection, toRedriven } from './convert/dead-letters.ts';
import { toQueue, toWorker } from './convert/fleet.ts';
import { toModel } from './convert/model.ts';
import { toTask } from './convert/task.ts';
import type { Route } from './route.ts';
import { unaryRoute } from './unary-call.ts';
import { readRequest } from './violations.ts';

/** The service's routes. */
export function adminRoutes(broker: Broker): Route[] {
  const { methods } = AdminDefinition;
  return [
    unaryRoute(methods.listQueues, async (request) => {
      const page = await readPage(request, (size, token) => broker.listQueues(size, token));
      return page.ok ? granted({ queues: page.value.items.map(toQueue), nextPageToken: page.value.nextToken }) : page;
    }),
    unaryRoute(methods.listWorkers, async (request) => {
      const page = await readPage(request, (size, token) => broker.listWorkers(size, token));
      return page.ok ? granted({ workers: page.value.items.map(toWorker), nextPageToken: page.value.nextToken }) : page;
    }),
    unaryRoute(methods.listModels, async (request) => {
      const page = await readPage(request, (size, token) => broker.listModels(size, token));
      return page.ok ? granted({ models: page.value.items.map(toModel), nextPageToken: page.value.nextToken }) : page;
    }),
    unaryRoute(methods.listDeadLetters, async (request) => {
      const filter = readRequest((violations) => readFilter(request.filter, violations));
      if (!filter.ok) return filter;
      const page = await readPage(request, (size, token) => broker.listDeadLetters(filter.value, size, token));
      if (!page.ok) return page;
      return granted({ tasks: page.value.items.map(toTask), nextPageToken: page.value.nextToken });
    }),
    unaryRoute(methods.redriveDeadLetters, (request) => redrive(broker, request)),
  ];
}

async function readPage<T>(
  { pageSize, pageToken }: { pageSize: number; pageToken: string },
  list: (size: number, token: string) => Promise<Outcome<Page<T>>>,
): Promise<Outcome<Page<T>>> {
  const size = readRequest((violations) => {
    if (pageSize < 0) violations.push(violation('page_size', 'a page size cannot be negative: 0 means the default'));
    return pageSize;
  });
  return size.ok ? list(size.value, pageToken) : size;
}

async function redrive(broker: Broker, request: RedriveDeadLettersRequest): Promise<Outcome<RedriveDeadLettersResponse>> {
  const read = readRequest((violations) => {
    if (request.limit < 0) violations.push(violation('limit', 'a limit cannot be negative: 0 means the default'));
    return readSelection(request.selection, violations);
  });
  if (!read.ok) return read;
  const outcome = await broker.redrive(read.value, { dryRun: request.dryRun, limit: request.limit });
  if (!outcome.ok) return outcome;
  return granted(toRedriven(outcome.value));
}
