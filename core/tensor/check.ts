/** Whether a task's inputs are what its model declares. */

import { shown, shownList } from '../names.ts';
import type { Violation } from '../refusal.ts';
import { didYouMean } from '../suggestion.ts';
import { surplusTold, violation, violationsTold } from '../violation.ts';
import { checkData } from './check-data.ts';
import { isDatatype } from './datatypes.ts';
import { checkShape, shownSpec } from './shape.ts';
import { shapeSignature } from './signature.ts';
import type { Tensor, TensorSpec } from './tensor.ts';

/** With violations, `rows` is 0 and `signature` empty. */
export interface InputCheck {
  violations: Violation[];
  /** What the task counts in a batch; 1 for a model without a batch dimension. */
  rows: number;
  signature: string;
}

/**
 * Names every wrong field of `inputs`, with paths as the proto has them: `inputs[1].shape`. With a `maxBatchSize` above 0,
 * dimension 0 of every input counts rows: all must agree, from 1 to `maxRows`. The time does not depend on the size of raw numbers.
 */
export function checkInputs(
  specs: readonly TensorSpec[],
  inputs: readonly Tensor[],
  batching: { maxBatchSize: number; maxRows: number },
): InputCheck {
  const batched = batching.maxBatchSize > 0;
  if (inputs.length > specs.length + surplusTold) {
    return failed([violation('inputs', `has ${inputs.length} tensors, but the model takes ${takes(specs)}`)]);
  }
  const violations: Violation[] = [];
  const byName = new Map(specs.map((spec) => [spec.name, spec]));
  const seen = new Map<string, number>();
  const counts: RowCount[] = [];
  for (const [index, input] of inputs.entries()) {
    const field = `inputs[${index}]`;
    const spec = byName.get(input.name);
    const first = seen.get(input.name);
    if (spec === undefined) {
      const hint = violations.length < violationsTold ? didYouMean(input.name, byName.keys()) : '';
      const fault = `"${shown(input.name)}" is not an input of the model.${hint} The model takes ${takes(specs)}`;
      violations.push(violation(`${field}.name`, fault));
    } else if (first !== undefined) {
      violations.push(violation(`${field}.name`, `"${shown(input.name)}" is already given as inputs[${first}]`));
    } else {
      seen.set(input.name, index);
      const found = checkTensor(field, spec, input);
      violations.push(...found);
      if (!batched || found.some((one) => one.field === `${field}.shape`)) continue;
      const [rows] = input.shape;
      if (rows !== undefined) counts.push({ field, rows: Number(rows) });
      else if (spec.anyRank) violations.push(violation(`${field}.shape`, 'has no dimensions, but dimension 0 counts rows'));
    }
  }
  violations.push(...missing(specs, seen), ...checkRows(counts, batching.maxRows));
  if (violations.length > 0) return failed(violations);
  return { violations, rows: counts[0]?.rows ?? 1, signature: shapeSignature(inputs, batched) };
}

interface RowCount {
  field: string;
  rows: number;
}

function failed(violations: Violation[]): InputCheck {
  return { violations, rows: 0, signature: '' };
}

function takes(specs: readonly TensorSpec[]): string {
  return specs.length === 0 ? 'none' : shownList(specs.map(({ name }) => name));
}

function checkTensor(field: string, spec: TensorSpec, tensor: Tensor): Violation[] {
  const shape = checkShape(field, spec, tensor.shape);
  const datatype = checkDatatype(field, spec, tensor.datatype);
  const wrong = [datatype, shape].filter((one) => one !== undefined);
  // How much data there should be follows from both, so with either wrong it would only confuse.
  return wrong.length > 0 ? wrong : checkData(field, spec.datatype, tensor);
}

function checkDatatype(field: string, spec: TensorSpec, datatype: string): Violation | undefined {
  if (datatype === spec.datatype) return undefined;
  const wanted = `"${shown(spec.name)}" takes ${spec.datatype}`;
  return violation(
    `${field}.datatype`,
    isDatatype(datatype) ? `is ${datatype}, but ${wanted}` : `"${shown(datatype)}" is not a datatype; ${wanted}`,
  );
}

function missing(specs: readonly TensorSpec[], seen: ReadonlyMap<string, number>): Violation[] {
  return specs
    .filter(({ name, optional }) => !optional && !seen.has(name))
    .map((spec) => violation('inputs', `"${shown(spec.name)}" is missing: add it as ${spec.datatype} ${shownSpec(spec)}`));
}

function checkRows(counts: readonly RowCount[], maxRows: number): Violation[] {
  return counts.flatMap(({ field, rows }) => {
    const first = counts[0] as RowCount;
    const at = `${field}.shape`;
    if (rows < 1) return [violation(at, 'dimension 0 counts rows and must be at least 1')];
    if (rows > maxRows)
      return [violation(at, `dimension 0 counts rows: ${rows} exceed the limit of ${maxRows} per task; submit several tasks`)];
    if (rows === first.rows) return [];
    return [
      violation(at, `dimension 0 counts rows: ${rows} here, but ${first.rows} in ${first.field}; all inputs must have the same number`),
    ];
  });
}
