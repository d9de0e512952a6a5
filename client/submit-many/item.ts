/** What goes into a stream of submits, and what comes out. */

import type { InferqError } from '../errors.ts';
import type { WatchEvent } from '../wire/event.ts';
import type { SubmitRequest } from '../wire/request.ts';

export interface SubmitManyItem {
  submit: SubmitRequest;
  /** Send the task's events too, to its end; with 'end', only the last one. */
  follow?: boolean | 'end';
  /** Comes back with everything that belongs to this item. Default: its position, from 0. */
  correlationId?: string;
}

/** The task is the broker's. `duplicate` is also true where a broken stream hid the first answer. */
export interface Accepted {
  kind: 'accepted';
  correlationId: string;
  taskId: string;
  duplicate: boolean;
}

/** This item was refused; or, after a reconnect, its task can no longer be followed. */
export interface Refused {
  kind: 'refused';
  correlationId: string;
  error: InferqError;
}

/** Something happened to a followed task. */
export interface Happened {
  kind: 'event';
  correlationId: string;
  event: WatchEvent;
}

export type SubmitManyOutput = Accepted | Refused | Happened;
