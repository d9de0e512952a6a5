/** What everything that makes load is given. */

import type { InferqClient } from '@inferq/client/index.ts';
import { limits } from '@inferq/core/limits.ts';
import type { Chance } from '../../chaos/chance.ts';
import type { ManyStream } from './many.ts';
import type { Questions } from './requests.ts';
import type { Tally } from './tally.ts';

export interface LoadParts {
  tally: Tally;
  chance: Chance;
  questions: Questions;
  /** One for each server. */
  clients: readonly InferqClient[];
  /** One for each client. */
  streams: readonly ManyStream[];
  /** Where the servers listen. */
  addresses: readonly string[];
}

/** Served by the worker whose executor may crash, and by nobody else. */
export const frailQueue = 'frail';
/** Served by nobody. */
export const idleQueue = 'nobody';
/** Longer than any task takes, even where the machine cannot carry the rate. */
export const { waitMs } = limits;
