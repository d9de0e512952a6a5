/** Parameters of a task against those that its model declares. */

import { type Dictionary, dictionary } from './dictionary.ts';
import type { ParameterSpec, ParameterType, ParameterValue } from './model.ts';
import { shown, shownList } from './names.ts';
import type { Violation } from './refusal.ts';
import { didYouMean } from './suggestion.ts';
import { surplusTold, violation, violationsTold } from './violation.ts';

/** A parameter's value as it travels. */
export type WireParameter =
  | { $case: 'boolParam'; value: boolean }
  | { $case: 'int64Param'; value: bigint }
  | { $case: 'stringParam'; value: string }
  | { $case: 'doubleParam'; value: number };

/** By name; undefined: named, but without a value. */
export type GivenParameters = ReadonlyMap<string, WireParameter | undefined>;

const types: Record<WireParameter['$case'], ParameterType> = {
  boolParam: 'bool',
  int64Param: 'int64',
  stringParam: 'string',
  doubleParam: 'double',
};

/** Names every wrong parameter as `parameters.NAME`: undeclared, without a value, of another type, or out of range. */
export function checkParameters(specs: readonly ParameterSpec[], given: GivenParameters): Violation[] {
  if (given.size === 0) return [];
  const known = specs.length === 0 ? 'none' : shownList(specs.map(({ name }) => name));
  if (given.size > specs.length + surplusTold) {
    return [violation('parameters', `has ${given.size} entries, but the model takes ${known}`)];
  }
  const byName = new Map(specs.map((spec) => [spec.name, spec]));
  const violations: Violation[] = [];
  for (const [name, value] of given) {
    const spec = byName.get(name);
    const hint = spec === undefined && violations.length < violationsTold ? didYouMean(name, byName.keys()) : '';
    const fault = spec === undefined ? `is not a parameter of the model.${hint} The model takes ${known}` : valueFault(spec, value);
    if (fault !== undefined) violations.push(violation(`parameters.${shown(name)}`, fault));
  }
  return violations;
}

/** What a handler reads: every declared parameter, given or default. Takes what `checkParameters` found right. */
export function fillParameters(specs: readonly ParameterSpec[], given: GivenParameters): Dictionary<ParameterValue> {
  return dictionary(
    specs.map((spec) => {
      const parameter = given.get(spec.name);
      return [spec.name, parameter === undefined ? spec.default : plain(parameter)];
    }),
  );
}

function plain({ value }: WireParameter): ParameterValue {
  return typeof value === 'bigint' ? Number(value) : value;
}

function valueFault(spec: ParameterSpec, parameter: WireParameter | undefined): string | undefined {
  const { type } = spec;
  if (parameter === undefined) return `has no value: set ${type}_param`;
  const { value } = parameter;
  const given = types[parameter.$case];
  if (given !== type && !(given === 'int64' && type === 'double')) return `is set as ${given}_param: use ${type}_param`;
  if (typeof value === 'bigint' && !Number.isSafeInteger(Number(value))) {
    return `is ${value}, but must be between ${Number.MIN_SAFE_INTEGER} and ${Number.MAX_SAFE_INTEGER}`;
  }
  if (typeof value === 'number' && !Number.isFinite(value)) return `is ${value}, but must be a finite number`;
  return boundsFault(spec, plain(parameter));
}

/** What is wrong with a value of the right type, where the parameter declares bounds. */
export function boundsFault(
  { min, max, enum: choices }: Pick<ParameterSpec, 'min' | 'max' | 'enum'>,
  value: ParameterValue,
): string | undefined {
  if (choices && !choices.includes(value)) return `is ${quoted(value)}, but must be one of ${choices.map(quoted).join(', ')}`;
  if (typeof value !== 'number' || (value >= (min ?? value) && value <= (max ?? value))) return undefined;
  if (min === undefined) return `is ${value}, but must be at most ${max}`;
  return `is ${value}, but must be ${max === undefined ? 'at least' : 'between'} ${min}${max === undefined ? '' : ` and ${max}`}`;
}

function quoted(value: ParameterValue): string {
  return typeof value === 'string' ? `"${shown(value)}"` : String(value);
}
