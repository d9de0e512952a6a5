/** What a scenario is: contestants that do the same work, measured in turn, and targets for the ratios of their figures. */

/** A round's figures by column key. */
export type Figures = Readonly<Record<string, number>>;

export interface Column {
  key: string;
  title: string;
  /** Digits behind the point; 0 where left out. */
  digits?: number;
}

export const peers = ['celery', 'fastapi-celery', 'bullmq', 'direct'] as const;
export type Peer = (typeof peers)[number];

/** What every contestant starts from. */
export interface Setup {
  /** Little work: answers are checked, times mean nothing. */
  quick: boolean;
  /** A model repository with noop, compute, sleeper, digits and charlm: the same files for everybody. */
  repository: string;
  /** The ghz binary; undefined where it is not installed. */
  ghz: string | undefined;
  /** A Python with the peers' packages. Throws LeftOut where there is none. */
  python(): Promise<string>;
  say(line: string): void;
}

/** A contestant that is up and waits for its turn. */
export interface Running {
  /** One round of work. Throws where an answer is wrong or a task did not end. */
  round(): Promise<Figures>;
  stop(): Promise<void>;
}

export interface Contestant {
  name: string;
  /** Left out where `--peers` does not name it; ours has none. */
  peer?: Peer;
  start(setup: Setup): Promise<Running>;
}

/** A figure of a contestant, median over the rounds; undefined where it did not run. */
export type Median = (contestant: string, column: string) => number | undefined;

export interface Target {
  what: string;
  /** Undefined where a contestant that it needs did not run. */
  value(median: Median): number | undefined;
  atLeast?: number;
  atMost?: number;
  /** What would be better still. */
  aim?: number;
}

export interface Scenario {
  name: string;
  /** One sentence: what is done, and what is counted. */
  about: string;
  columns: readonly Column[];
  /** The column that the chart shows. */
  charted: string;
  contestants: readonly Contestant[];
  targets: readonly Target[];
}

/** Thrown by a contestant that cannot take part here; the message says what is missing. */
export class LeftOut extends Error {}

/** The quotient of two figures. */
export function ratio(over: number | undefined, under: number | undefined): number | undefined {
  return over === undefined || under === undefined || under === 0 ? undefined : over / under;
}
