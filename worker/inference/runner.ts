/** One loaded model in the inference thread. */

import type { EngineTask, LoadedModel } from '../engine.ts';
import type { AbortReason } from './messages.ts';

export interface ModelRunner {
  readonly model: LoadedModel;
  /** Whether a turn has anything to do. */
  readonly busy: boolean;
  add(run: number, tasks: readonly EngineTask[]): void;
  abort(key: string, why: AbortReason): void;
  /** Makes one call of the model: one slice, one `run`, one `step`. Never rejects for what the model did. */
  turn(): Promise<void>;
}
