/** The keys of model.yaml: their types, bounds and defaults. Durations are milliseconds once read. */

import { type Dictionary, dictionary } from '@inferq/core/dictionary.ts';
import { durationRule, parseDuration } from '@inferq/core/duration.ts';
import { defaults, limits } from '@inferq/core/limits.ts';
import { isName, nameRule } from '@inferq/core/names.ts';
import { datatypes } from '@inferq/core/tensor/tensor.ts';
import * as z from 'zod';

const int32Max = 2 ** 31 - 1;
const name = z.string('must be text').refine(isName, `must be ${nameRule}`);

function numberIn(min: number, max: number) {
  const rule = `must be a number from ${min} to ${max}`;
  return z.number(rule).min(min, rule).max(max, rule);
}

function whole(min: number, max = int32Max) {
  const rule = `must be a whole number from ${min} to ${max}`;
  return z.number(rule).int(rule).min(min, rule).max(max, rule);
}

function duration(maxMs: number, minMs = 0) {
  return z.union([z.string(), z.number()], `must be ${durationRule}`).transform((value, context) => {
    const ms = parseDuration(value);
    if (ms !== undefined && ms >= minMs && ms <= maxMs) return ms;
    const rule = ms === undefined ? durationRule : `from ${minMs / 1_000} to ${maxMs / 1_000} seconds`;
    context.addIssue({ code: 'custom', message: `must be ${rule}` });
    return z.NEVER;
  });
}

const dimensionRule = 'must be a whole number, or -1 for a free dimension';
const dimension = z.number(dimensionRule).int(dimensionRule).min(-1, dimensionRule);

const tensor = z.strictObject({
  name,
  datatype: z.enum(datatypes, `must be one of ${datatypes.join(', ')}`),
  shape: z.array(dimension, 'must be a list of dimensions, -1 for a free one'),
  optional: z.boolean('must be true or false').default(false),
});

const description = z.string('must be text').default('');

/** A parameter's default and, where they are declared, its bounds: all of the one type. */
function valuesOf<Value extends z.ZodType>(value: Value) {
  return { default: value, enum: z.array(value, 'must be a list of values').min(1, 'must have a value').optional(), description };
}

const int64 = z.int('must be a whole number');
const double = z.number('must be a number');
const parameter = z.discriminatedUnion(
  'type',
  [
    z.strictObject({ type: z.literal('bool'), default: z.boolean('must be true or false'), description }),
    z.strictObject({ type: z.literal('int64'), ...valuesOf(int64), min: int64.optional(), max: int64.optional() }),
    z.strictObject({ type: z.literal('string'), ...valuesOf(z.string('must be text')) }),
    z.strictObject({ type: z.literal('double'), ...valuesOf(double), min: double.optional(), max: double.optional() }),
  ],
  'must have a type: bool, int64, string or double',
);

/** Values by name, in their order. zod's own record passes over an entry called `__proto__`. */
function byName<Value extends z.ZodType>(value: Value, rule: string) {
  return z.unknown().transform((given, context): Dictionary<z.output<Value>> => {
    if (typeof given !== 'object' || given === null || Array.isArray(given)) {
      context.addIssue({ code: 'custom', message: rule });
      return z.NEVER;
    }
    return dictionary(
      Object.entries(given).map(([key, one]) => {
        if (!isName(key)) context.addIssue({ code: 'custom', path: [key], message: `must have a name of ${nameRule}` });
        const parsed = value.safeParse(one);
        for (const issue of parsed.error?.issues ?? []) context.addIssue({ ...issue, path: [key, ...issue.path] });
        return [key, parsed.data as z.output<Value>];
      }),
    );
  });
}

const classification = z.strictObject({
  kind: z.literal('classification', 'must be classification, the one kind there is'),
  output: name,
  top_k: whole(1, 1_000).default(1),
  softmax: z.union([z.literal('auto'), z.boolean()], 'must be auto, true or false').default('auto'),
});

const retry = z.strictObject({
  max_attempts: whole(1, limits.maxAttempts).default(defaults.maxAttempts),
  delay: duration(limits.delayMs).default(defaults.retry.delayMs),
  factor: numberIn(1, 100).default(defaults.retry.factor),
  max_delay: duration(limits.delayMs).default(defaults.retry.maxDelayMs),
});

const warmup = z.union([z.boolean(), whole(0, 100)], 'must be true, false or a number of runs from 0 to 100').transform(Number);

export const settingsSchema = z.strictObject({
  description,
  /** The handler's file, within the version's folder. */
  handler: z.string('must be a file name').optional(),
  queue: name.default(defaults.queue),
  max_batch_size: whole(0).default(0),
  max_rows: whole(1).default(defaults.maxRows),
  linger: duration(60_000).default(0),
  inputs: z.array(tensor, 'must be a list of tensors').optional(),
  outputs: z.array(tensor, 'must be a list of tensors').optional(),
  parameters: byName(parameter, 'must map names to parameters').prefault({}),
  /** A list, or the name of a file with one label a line. */
  labels: z.union([z.array(z.string('must be text: put it in quotes')), z.string()], 'must be a list of texts, or a file name').optional(),
  postprocess: classification.optional(),
  /** Of the process' arithmetic, so all models of a worker have to agree. */
  flush_denormals: z.boolean('must be true or false').default(false),
  warmup: warmup.default(1),
  retry: retry.prefault({}),
  load_time_limit: duration(limits.hardLimitMs, 1).default(defaults.loadLimitMs),
  soft_time_limit: duration(limits.hardLimitMs, 1).optional(),
  hard_time_limit: duration(limits.hardLimitMs, 1).default(defaults.hardLimitMs),
  result_ttl: duration(limits.resultTtlMs, 1).default(defaults.resultTtlMs),
  ignore_result: z.boolean('must be true or false').default(false),
  keep_input: z.boolean('must be true or false').default(false),
});

/** What one model version is to be run with, under the names that model.yaml gives them. */
export type Settings = Omit<z.output<typeof settingsSchema>, 'labels'> & { labels?: string[] | undefined };
export type SettingsKey = keyof typeof settingsSchema.shape;

const nestedKeys = new Map<string, readonly string[]>([
  ['inputs', Object.keys(tensor.shape)],
  ['outputs', Object.keys(tensor.shape)],
  ['parameters', ['type', 'default', 'min', 'max', 'enum', 'description']],
  ['postprocess', Object.keys(classification.shape)],
  ['retry', Object.keys(retry.shape)],
]);

/** The keys that may stand below a top-level key, or at the top where none is given. */
export function allowedKeys(below?: string): readonly string[] {
  return below === undefined ? Object.keys(settingsSchema.shape) : (nestedKeys.get(below) ?? []);
}
