/** All limits, in the order in which they are measured and shown. */

import { commandStart } from './command-start.ts';
import { hostileMessages } from './hostile-messages.ts';
import type { Limit } from './limit.ts';
import { modelStart } from './model-start.ts';
import { serverStop } from './server-stop.ts';

export const limits: readonly Limit[] = [hostileMessages, ...commandStart, ...serverStop, ...modelStart];
