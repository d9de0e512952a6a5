/**
 * A task's record: a hash that stays a listpack, with as few fields as possible, because every field costs in each script that
 * reads or writes it. Values that are written together share a field, separated by spaces, '-' for none; each field has at most
 * 64 bytes. Scripts write `$name`, which the loader replaces. Times are epoch milliseconds of the Redis clock.
 */
export const recordFields = {
  state: 's',
  queue: 'q',
  model: 'm',
  version: 'v',
  /** Left out where it is empty. */
  signature: 'g',
  /** What never changes: `facts` below. */
  facts: 'f',
  /** `times` below. */
  times: 't',
  /** Rank of its lane and the one entry that stands for it, from entering a lane until it leaves the last one. */
  place: 'e',
  sequence: 'n',
  attempt: 'a',
  /** Of the attempt that runs, or ran last. */
  token: 'to',
  executor: 'ow',
  worker: 'wk',
  /** `run` below. */
  run: 'x',
  /** `end` below. */
  end: 'z',
  /** Inboxes that want its events, separated by spaces; one with a dot before it wants the end only. */
  watchers: 'w',
  /** Calls that it is bound to and that have not broken off, as `<inbox>/<number>`, separated by spaces. Gone with its end. */
  calls: 'cs',
  idempotency: 'ik',
  /** Any of the following fields is there: those of a task that went its way without incident need not be read. */
  odd: 'o',
  charged: 'ch',
  lostLeases: 'lo',
  /** The token of the last attempt that was settled otherwise than by success: a settlement sent again is answered as accepted. */
  settled: 'ac',
  cancelRequested: 'cr',
  progressFraction: 'pf',
  /** '' where the message is longer than a listpack's value: then it has its own key. */
  progressMessage: 'pm',
  hasError: 'er',
  chunks: 'cn',
  lastChunk: 'cl',
  chunkBytes: 'cb',
  /** A chunk of this attempt did not fit any more: those that come after it do not either. */
  overflowed: 'of',
  hasMetadata: 'md',
  hasHistory: 'hs',
  redrivenFrom: 'rf',
  redrivenTo: 'rt',
} as const;

export type RecordField = keyof typeof recordFields;

/** `bytes`: of the input. `flags`: letters, `i` result ignored, `o` version left open, `c` inputs came as typed lists, `k` input kept. */
export const facts = ['priority', 'rows', 'bytes', 'maxAttempts', 'resultTtl', 'hardLimit', 'softLimit', 'flags'] as const;
/** `queuedAt`: when it last entered a lane, where that was not when it was submitted. */
export const times = ['submitted', 'notBefore', 'startDeadline', 'queuedAt'] as const;
export const place = ['rank', 'entry'] as const;
export const run = ['device', 'started', 'queuedMs'] as const;
export const end = ['ended', 'expires', 'ranMs', 'batchTasks', 'batchRows', 'outputBytes', 'partial'] as const;

const packed = { facts, times, place, run, end };

type Packed = keyof typeof packed;

/** The values of a record, each by its name. */
export type TaskFields = Partial<Record<Exclude<RecordField, Packed> | (typeof packed)[Packed][number], string>>;

const fieldNames = new Map<string, RecordField>(Object.entries(recordFields).map(([name, short]) => [short, name as RecordField]));

/** Adds the values that share a text, under their names. */
export function unpackInto(fields: TaskFields, names: readonly (keyof TaskFields)[], values: readonly string[]): void {
  for (let at = 0; at < names.length; at++) {
    const value = values[at];
    if (value !== undefined && value !== '-') fields[names[at] as keyof TaskFields] = value;
  }
}

/** Reads a record's fields, by the names that they have in Redis. */
export function readRecord(entries: Iterable<readonly [short: string, value: string]>): TaskFields {
  const fields: TaskFields = {};
  for (const [short, value] of entries) {
    const name = fieldNames.get(short);
    if (name === undefined) continue;
    if (Object.hasOwn(packed, name)) unpackInto(fields, packed[name as Packed], value.split(' '));
    else fields[name as Exclude<RecordField, Packed>] = value;
  }
  return fields;
}
