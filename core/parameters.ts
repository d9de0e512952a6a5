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
    const fault = spec === undefined ? `is not a parameter of the model.${hint} The model takes ${known}` : valueFault(spec.type, value);
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

function valueFault(type: ParameterType, parameter: WireParameter | undefined): string | undefined {
  if (parameter === undefined) return `has no value: set ${type}_param`;
  const { value } = parameter;
  const given = types[parameter.$case];
  if (given !== type && !(given === 'int64' && type === 'double')) return `is set as ${given}_param: use ${type}_param`;
  if (typeof value === 'bigint' && !Number.isSafeInteger(Number(value))) {
    return `is ${value}, but must be between ${Number.MIN_SAFE_INTEGER} and ${Number.MAX_SAFE_INTEGER}`;
  }
  if (typeof value === 'number' && !Number.isFinite(value)) return `is ${value}, but must be a finite number`;
  return undefined;
}
