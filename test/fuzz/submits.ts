/** SubmitRequests: mostly right ones to the two models that run, each field now and then odd. */

import { SubmitRequest } from '@inferq/proto/gen/inferq/v1/broker.ts';
import type { Parameter } from '@inferq/proto/gen/inferq/v1/tensor.ts';
import fc, { type Arbitrary } from 'fast-check';
import { inputs } from './tensors.ts';
import { duration, maybe, mostly, oddDouble, oddInt32, oddInt64, oddString, outputOptions, soon, time } from './values.ts';

const int = (value: bigint): Parameter => ({ value: { $case: 'int64Param', value } });
const small = (max: bigint): Arbitrary<Parameter> => fc.bigInt({ min: 0n, max }).map(int);

/** What the probe does; none of these keeps it from ending soon. */
const doings = fc.record(
  {
    busy_ms: small(20n),
    reject: fc.boolean().map((value): Parameter => ({ value: { $case: 'boolParam', value } })),
    throw_times: small(3n),
    chunks: small(6n),
    chunk_ms: small(5n),
    fill_kib: small(20n),
  },
  { requiredKeys: [] },
);

const oddParameter: Arbitrary<Parameter> = fc.oneof(
  fc.constant({ value: undefined }),
  fc.boolean().map((value): Parameter => ({ value: { $case: 'boolParam', value } })),
  oddInt64.map(int),
  oddString.map((value): Parameter => ({ value: { $case: 'stringParam', value } })),
  oddDouble.map((value): Parameter => ({ value: { $case: 'doubleParam', value } })),
);
/** Names that no model declares: a right name with an odd value might keep its executor busy for years. */
const oddParameters = fc.dictionary(fc.oneof(oddString, fc.constant('seed')), oddParameter, { maxKeys: 4 });

const metadata = mostly(fc.dictionary(fc.string(), fc.string(), { maxKeys: 3 }), fc.dictionary(oddString, oddString, { maxKeys: 5 }), 10);
const start = maybe(
  fc.oneof(
    duration(0, 1_500).map((value) => ({ $case: 'delay' as const, value })),
    time.map((value) => ({ $case: 'notBefore' as const, value })),
  ),
);
const startLimit = maybe(
  fc.oneof(
    duration(1, 3_000).map((value) => ({ $case: 'startWithin' as const, value })),
    soon.map((value) => ({ $case: 'startDeadline' as const, value })),
  ),
);

function to(model: 'digits' | 'probe', inStream: boolean): Arbitrary<SubmitRequest> {
  return fc
    .record({
      model: mostly(fc.constant(model as string), oddString),
      version: mostly(fc.constantFrom('', '1'), oddString),
      inputs: inputs(model),
      parameters: mostly(model === 'probe' ? doings : fc.constant({}), oddParameters),
      queue: mostly(fc.constantFrom('', 'default', 'default', 'default', 'batch'), oddString),
      priority: maybe(mostly(fc.nat({ max: 9 }), oddInt32)),
      idempotencyKey: mostly(fc.constantFrom('', '', '', '', '', '', '', '', 'a', 'b'), oddString),
      start,
      startLimit,
      softTimeLimit: maybe(duration(20, 500)),
      hardTimeLimit: maybe(duration(500, 1_500)),
      maxAttempts: maybe(mostly(fc.integer({ min: 1, max: 4 }), oddInt32)),
      resultTtl: maybe(duration(30_000, 120_000)),
      ignoreResult: maybe(fc.boolean()),
      keepInput: maybe(fc.boolean()),
      metadata,
      wait: mostly(inStream ? fc.constant(undefined) : maybe(duration(0, 100)), duration(0, 100)),
      outputs: outputOptions,
      bindToCall: mostly(fc.constant(false), fc.boolean(), inStream ? 40 : 10),
    })
    .map(({ parameters, metadata, ...partial }) => {
      const maps = { parameters: new Map(Object.entries(parameters)), metadata: new Map(Object.entries(metadata)) };
      return SubmitRequest.fromPartial({ ...partial, ...maps } as Parameters<typeof SubmitRequest.fromPartial>[0]);
    });
}

/** Alone, or as an item of a stream, where some options are wrong. */
export function submitRequest({ inStream }: { inStream: boolean }): Arbitrary<SubmitRequest> {
  return fc.oneof(to('digits', inStream), to('probe', inStream));
}
