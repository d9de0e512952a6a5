/** Parameters from `--param NAME=VALUE`, typed as the model declares them. */

import type { ParameterValue } from '@inferq/client/wire/request.ts';
import { type Dictionary, dictionary } from '@inferq/core/dictionary.ts';
import { didYouMean } from '@inferq/core/suggestion.ts';
import { wrongUsage } from '../failure.ts';

/** A declared parameter: its default value tells its type, a bigint for whole numbers. */
export interface DeclaredParameter {
  name: string;
  defaultValue: ParameterValue | undefined;
}

function wanted(example: ParameterValue): string {
  if (typeof example === 'boolean') return 'true or false';
  return typeof example === 'bigint' ? 'a whole number of at most 18 digits' : 'a number';
}

/** The value of one parameter, or undefined where the text does not fit the type of `example`. */
function convert(example: ParameterValue, text: string): ParameterValue | undefined {
  switch (typeof example) {
    case 'boolean':
      return text === 'true' || text === 'false' ? text === 'true' : undefined;
    case 'bigint':
      return /^-?\d{1,18}$/.test(text) ? BigInt(text) : undefined;
    case 'number':
      return text.trim() !== '' && Number.isFinite(Number(text)) ? Number(text) : undefined;
    default:
      return text;
  }
}

/** Parameters by name. Throws a Failure for one that the model does not declare, or whose value is of another type. */
export function typedParameters(
  model: string,
  declared: readonly DeclaredParameter[],
  given: ReadonlyMap<string, string>,
): Dictionary<ParameterValue> {
  const entries = [...given].map(([name, text]) => {
    const example = declared.find((parameter) => parameter.name === name)?.defaultValue;
    if (example === undefined) {
      const names = declared.map((parameter) => parameter.name);
      const known = names.length === 0 ? 'It has none' : `It has: ${names.join(', ')}`;
      throw wrongUsage(`Model ${model} has no parameter "${name}".${didYouMean(name, names)} ${known}.`);
    }
    const value = convert(example, text);
    if (value === undefined) throw wrongUsage(`Parameter "${name}" of ${model} takes ${wanted(example)}, not "${text}".`);
    return [name, value] as const;
  });
  return dictionary(entries);
}
