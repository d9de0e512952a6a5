/** What the keys of a model.yaml say about each other. */

import type { ParameterSpec } from '@inferq/core/model.ts';
import { boundsFault } from '@inferq/core/parameters.ts';
import type { TensorSpec } from '@inferq/core/tensor/tensor.ts';
import { missingModel } from './missing-model.ts';
import type { Settings, SettingsKey } from './settings.ts';

type Broken = [key: SettingsKey, sentence: string];

/** `found` are the names of the files in the version's folder. Returns the broken rules, each at the key to mend. */
export function crossCheck(settings: Settings, found: readonly string[]): Broken[] {
  return [...(settings.handler === undefined ? onnxRules(settings, found) : handlerRules(settings, found)), ...commonRules(settings)];
}

function onnxRules(settings: Settings, found: readonly string[]): Broken[] {
  const broken: Broken[] = [];
  if (!found.includes('model.onnx')) broken.push(['handler', missingModel(found)]);
  if (found.includes('handler.ts')) {
    broken.push([
      'handler',
      'the version folder has a handler.ts that model.yaml does not name; add `handler: handler.ts`, or remove the file',
    ]);
  }
  for (const key of ['inputs', 'outputs'] as const) {
    if (settings[key]) broken.push([key, `${key} are read from model.onnx; remove this key`]);
  }
  if (Object.keys(settings.parameters).length > 0) {
    broken.push(['parameters', 'parameters are read by a handler, and this model has none; remove this key, or add a handler']);
  }
  return broken;
}

function handlerRules(settings: Settings, found: readonly string[]): Broken[] {
  const broken: Broken[] = [];
  const { handler = '', postprocess, outputs = [] } = settings;
  if (!found.includes(handler)) broken.push(['handler', `handler names "${handler}", which is not in the version folder`]);
  for (const key of ['inputs', 'outputs'] as const) {
    if (!settings[key]) broken.push([key, `${key} are missing: a model with a handler declares its ${key}`]);
    else broken.push(...repeated(key, settings[key]));
  }
  for (const [name, parameter] of Object.entries(settings.parameters)) broken.push(...parameterRules(name, parameter));
  if (postprocess && !outputs.some(({ name }) => name === postprocess.output)) {
    broken.push(['postprocess', `postprocess.output names "${postprocess.output}", which is none of the outputs`]);
  }
  return broken;
}

/** A default that Submit would refuse is a mistake, and so are bounds that nothing is between. */
function parameterRules(name: string, parameter: Settings['parameters'][string]): Broken[] {
  const bounds: Pick<ParameterSpec, 'default' | 'min' | 'max' | 'enum'> = parameter;
  const { min, max } = bounds;
  if (min !== undefined && max !== undefined && min > max) return [['parameters', `parameters.${name}.min must not be above its max`]];
  const fault = boundsFault(bounds, bounds.default);
  return fault === undefined ? [] : [['parameters', `parameters.${name}.default ${fault}`]];
}

function repeated(key: 'inputs' | 'outputs', tensors: readonly TensorSpec[]): Broken[] {
  const twice = tensors.find(({ name }, index) => tensors.findIndex((other) => other.name === name) !== index);
  return twice ? [[key, `${key} names "${twice.name}" twice`]] : [];
}

function commonRules(settings: Settings): Broken[] {
  const broken: Broken[] = [];
  const { soft_time_limit: soft, hard_time_limit: hard, retry } = settings;
  if (settings.labels && !settings.postprocess) broken.push(['labels', 'labels are read by postprocess, which is missing']);
  if (soft !== undefined && soft >= hard) broken.push(['soft_time_limit', 'soft_time_limit must be below hard_time_limit']);
  if (retry.delay > retry.max_delay) broken.push(['retry', 'retry.delay must not be above retry.max_delay']);
  if (settings.linger > 0 && settings.max_batch_size === 0) {
    broken.push(['linger', 'linger waits for a fuller batch, and max_batch_size is 0; set max_batch_size, or remove linger']);
  }
  return broken;
}
