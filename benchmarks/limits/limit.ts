/** What a limit is: one time or size that inferq promises never to pass, measured over and over, the worst value counted. */

import type { Setup } from '../scenario.ts';

/** A limit that is set up and can be measured. */
export interface Measurable {
  /** Measures once, in the limit's unit. Throws where an answer is wrong. */
  once(): Promise<number>;
  stop(): Promise<void>;
}

export interface Limit {
  /** What `--only` takes. */
  name: string;
  /** One sentence: what is done, and what is measured. */
  about: string;
  unit: 'ms' | 's' | 'MiB' | 'times';
  /** The largest value that is allowed. */
  atMost: number;
  start(setup: Setup): Promise<Measurable>;
}
