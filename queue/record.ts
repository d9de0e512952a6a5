/**
 * The fields of a task's record. Names are short because a record is a listpack of about thirty of them; scripts write
 * `$name`, which the loader replaces. A field that has its default is left out. Times are epoch milliseconds of the Redis clock.
 */
export const recordFields = {
  state: 's',
  model: 'm',
  version: 'v',
  queue: 'q',
  priority: 'p',
  rows: 'r',
  signature: 'g',
  /** Size of the input. */
  bytes: 'b',
  maxAttempts: 'x',
  hardLimit: 'h',
  softLimit: 'f',
  resultTtl: 'l',
  ignoreResult: 'i',
  /** The submitter left the version open. */
  openVersion: 'o',
  /** Inputs came as typed lists: outputs go back as such. */
  contents: 'c',
  submitted: 't',
  notBefore: 'nb',
  startDeadline: 'sd',
  /** When it last entered a lane. */
  queuedAt: 'qt',
  /** The one lane entry that stands for the task, and the rank of its lane. */
  entry: 'e',
  rank: 'k',
  sequence: 'n',
  attempt: 'a',
  charged: 'ch',
  lostLeases: 'lo',
  token: 'to',
  /** The token of the last settled attempt: a settlement sent again is answered as accepted. */
  settled: 'ac',
  executor: 'ow',
  worker: 'wk',
  device: 'dv',
  started: 'st',
  ended: 'en',
  expires: 'ex',
  cancelRequested: 'cr',
  partial: 'pa',
  progressFraction: 'pf',
  /** '' where the message is longer than a listpack's value: then it has its own key. */
  progressMessage: 'pm',
  hasError: 'er',
  outputBytes: 'ob',
  chunks: 'cn',
  lastChunk: 'cl',
  chunkBytes: 'cb',
  /** A chunk of this attempt did not fit any more: those that come after it do not either. */
  overflowed: 'of',
  queuedMs: 'qd',
  ranMs: 'rn',
  batchTasks: 'bt',
  batchRows: 'br',
  /** Inboxes that want its events, separated by spaces. */
  watchers: 'w',
  /** Calls that it is bound to and that have not broken off, as `<inbox>/<number>`, separated by spaces. Gone with its end. */
  calls: 'cs',
  idempotency: 'ik',
  hasMetadata: 'md',
  hasHistory: 'hs',
  redrivenFrom: 'rf',
  redrivenTo: 'rt',
} as const;

export type RecordField = keyof typeof recordFields;
