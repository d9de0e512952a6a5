/** All scenarios, in the order in which they run and are shown. */

import type { Scenario } from '../scenario.ts';
import { backlog } from './backlog.ts';
import { endToEnd } from './end-to-end.ts';
import { inference } from './inference.ts';
import { latency } from './latency.ts';
import { oneCall } from './one-call.ts';
import { payload } from './payload.ts';
import { priority } from './priority.ts';
import { redisCosts } from './redis-cost.ts';
import { rtt } from './rtt.ts';
import { streaming } from './streaming.ts';
import { submit } from './submit.ts';
import { submitMany } from './submit-many.ts';
import { watchers } from './watchers.ts';
import { workers } from './workers.ts';

export const scenarios: readonly Scenario[] = [
  submit,
  submitMany,
  endToEnd,
  oneCall,
  latency,
  inference,
  payload,
  backlog,
  priority,
  workers,
  watchers,
  streaming,
  rtt,
  redisCosts,
];
