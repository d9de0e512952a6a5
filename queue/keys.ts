/**
 * Every Redis key, its type and its owner: the one place where keys are built. Scripts write `@name`, which the loader
 * (scripts.ts) replaces by the quoted fragment below; all keys of a partition share one hash tag, so that a script touches one
 * slot. `<pool>` is `<queue>:<model>:<version>`, `<rank>` is `solo`, `returned` or a priority from 9 to 0.
 */
export const keyFragments = {
  /** hash: the record of a task (fields: record.ts). Owner: the task; TTL from its end, or its dead letter's. */
  record: 't:',
  /**
   * string: encoded StoredInput until the task ends, of a FAILED one as long as its dead letter; of a SUCCEEDED one encoded StoredOutput,
   * which takes its place, with the record's TTL. One key, because a new one costs Redis more than another value.
   */
  payload: 'i:',
  /** string: the input of an ended task that keeps it and did not fail, with the record's TTL. */
  kept: 'ki:',
  /** string: `<id>:<token>`, an attempt's large output until it is settled; TTL 10 minutes. */
  staged: 'a:',
  /** string: the task's metadata, as submitted. */
  metadata: 'm:',
  /** string: msgpack [code, message, detail] of the last error. */
  error: 'e:',
  /** list: msgpack executions before the current one. */
  history: 'h:',
  /** string: a progress message of more than 64 bytes. */
  progress: 'p:',
  /** stream: chunks; entry id `<sequence>-0`. Only for tasks that emit. */
  log: 'l:',
  /** string: `<digest> <id>` under a hash of the idempotency key; lives as long as its task. */
  idempotency: 'k:',
  /** stream `<pool>:<rank>` with group `w`: waiting and running entries. */
  lane: 'q:',
  /** sorted set `<pool>`: ranks of its lanes that may hold undelivered entries. A hint, a superset. */
  ready: 'r:',
  /** sorted set `<pool>`: executors that wait to be rung or handed a batch. A hint. */
  idle: 'b:',
  /** set: every lane that exists, as `<pool>:<rank>`. */
  lanes: 'lanes',
  /** sorted set `<queue>`: SCHEDULED tasks by the time they are due. */
  scheduled: 's:',
  /** set: queues that may have scheduled tasks. */
  scheduledQueues: 'scheduled',
  /** sorted set: `exp:<id>` start deadlines and `cut:<id>` tasks whose calls have all broken off, by time. */
  due: 'due',
  /** sorted sets: dead letters by end time; all, and `:<queue>`. */
  dead: 'dead',
  /** string: input bytes of all dead letters. */
  deadBytes: 'dead-bytes',
  /** hash: input bytes of unfinished tasks, by queue. */
  bytes: 'bytes',
  /** hash: `<queue>` to `<waiting>:<when counted>`, a cache of a derived count, 100 ms old at most. */
  depth: 'depth',
  /** hash `<queue>`: ended tasks by state. */
  ended: 'ended:',
  /** string: bytes of all retained results. */
  retained: 'retained',
  /** sorted set: expiry minutes that retain something. */
  retainedMinutes: 'retained-minutes',
  /** hash: expiry minute to retained bytes. */
  retainedBytes: 'retained-bytes',
  /** hash: a registered executor: `idle` flag, its `offer` (a packed claim, '' for none), how many batches were `handed` to it. */
  executor: 'x:',
  /** sorted set: executors by when their worker was last heard. */
  executors: 'executors',
  /** string: a worker's announcement, JSON. */
  worker: 'wk:',
  /** string `<worker>`: the instance that holds this name, JSON; TTL of a lease, from its last heartbeat. */
  workerName: 'wn:',
  /** sorted set: workers by when they were last heard. */
  workers: 'workers',
  /** string `<name>:<version>`: a model's announcement, JSON. */
  model: 'md:',
  /** sorted set: `<name>:<version>` by last announcement. */
  models: 'models',
  /** sorted set: queues that workers and models name, by last announcement. */
  queues: 'queues',
  /** sharded channel: a process' inbox. */
  inbox: 'inbox:',
  /** string `<part>`: somebody does this part of upkeep just now; TTL of a second at most. */
  turn: 'turn:',
  /** string: `<count> <format>`, how many partitions there are and how data lies in them; checked at start. */
  partitions: 'partitions',
} as const;

export type KeyName = keyof typeof keyFragments;

/** The consumer group of every lane. */
export const group = 'w';

/** What all keys of a partition begin with; also the key that routes a script to its slot. */
export function prefix(partition = 0): string {
  return `iq:{${partition}}:`;
}

/** One key: `key('record', id)`. */
export function key(name: KeyName, rest = '', partition = 0): string {
  return prefix(partition) + keyFragments[name] + rest;
}
