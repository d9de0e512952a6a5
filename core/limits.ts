/** Every default and maximum in one place. What lies above a maximum is refused, never cut. Times in milliseconds, sizes in bytes. */

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;
const KiB = 1_024;
const MiB = 1_024 * KiB;
const GiB = 1_024 * MiB;

export const defaults = {
  priority: 5,
  queue: 'default',
  queues: ['realtime', 'default', 'batch'],
  maxAttempts: 3,
  retry: { delayMs: 5 * second, factor: 2, maxDelayMs: 5 * minute },
  resultTtlMs: hour,
  hardLimitMs: 300 * second,
  loadLimitMs: 300 * second,
  leaseMs: 10 * second,
  maxRows: 10_000,
  maxMessageBytes: 64 * MiB,
  lostLeases: 5,
  graceMs: 30 * second,
  queueTasks: 2_000_000,
  queueBytes: GiB,
  retainedBytes: 2 * GiB,
  memoryWatermark: 0.8,
  deadLetterAgeMs: 7 * day,
  deadLetterCount: 10_000,
  deadLetterBytes: GiB,
} as const;

export const limits = {
  priority: { min: 0, max: 9 },
  maxAttempts: 100,
  waitMs: 5 * minute,
  delayMs: 30 * day,
  hardLimitMs: 24 * hour,
  resultTtlMs: 30 * day,
  metadataBytes: 8 * KiB,
  idempotencyKeyBytes: 256,
  correlationIdBytes: 256,
  /** What clients may have open at a server: each connection, and all together. */
  open: {
    calls: { connection: 1_000, server: 100_000 },
    submitStreams: { connection: 100, server: 500 },
    /** Bytes of requests that arrive or wait to be stored, in messages of the largest size. */
    largestMessages: { connection: 4, server: 8 },
    /** How long a request, or a message of a stream, may take to arrive. */
    messageMs: 2 * minute,
  },
  /** Parts of one request. They are counted on the bytes, before anything is decoded. */
  request: {
    /** Elements of a repeated field or a map that names no limit of its own. */
    elements: 1_000,
    dimensions: 64,
    taskIds: 10_000,
    /** Fields of all kinds, in all nested messages. */
    fields: 100_000,
    /** Occurrences in one message of fields that are not repeated: known ones count once, so these are unknown to this server. */
    unknownFields: 200,
    nestedMessages: 32,
    /** One text that names no limit of its own, and all texts together. Elements of tensors are not texts. */
    textBytes: 64 * KiB,
    allTextBytes: 16 * MiB,
    textParameterBytes: MiB,
    /** Everything but what submits tasks. */
    smallRequestBytes: MiB,
  },
  /** Of a tensor that comes as typed lists, as raw: small numbers take less in lists, and much more where the model runs. */
  listBytes: 64 * MiB,
  outputBytes: 64 * MiB,
  chunkBytesPerTask: 16 * MiB,
  /** Chunks that a handler may have emitted before the first of them is stored. */
  unstored: { perTask: { chunks: 4_096, bytes: 16 * MiB }, perExecutor: { chunks: 32_768, bytes: 64 * MiB } },
  errorDetailBytes: 4 * KiB,
  progressMessageBytes: KiB,
  /** Payloads up to this size pass through scripts and travel inline in events. */
  inlineBytes: 16 * KiB,
  /** One verb call carries at most this many items. */
  itemsPerCall: 1_000,
  bytesPerCall: MiB,
  batchBytes: 64 * MiB,
  openFollows: 10_000,
  /** How long the record of an `ignore_result` task outlives its end. */
  ignoredResultTtlMs: minute,
  /** How long worker and model entries outlive their last announcement. */
  registryTtlMs: 7 * day,
  /** How long an executor stays registered after its worker was last heard: one that nobody struck, because its host vanished. */
  executorTtlMs: hour,
  attemptOutputTtlMs: 10 * minute,
  unboundGraceMs: 2 * second,
  /** The same where other calls hold it too, but on servers that Redis does not see: they may come back. */
  unseenGraceMs: 30_000,
} as const;
