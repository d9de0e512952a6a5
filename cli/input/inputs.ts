/** A model's inputs from what was given on the command line. */

import type { Tensor } from '@inferq/client/tensor/tensor.ts';
import { type Dictionary, dictionary } from '@inferq/core/dictionary.ts';
import { didYouMean } from '@inferq/core/suggestion.ts';
import { wrongUsage } from '../failure.ts';
import { type InputSpec, tensorFromJson, tensorFromText } from './tensor.ts';

type Inputs = Dictionary<Tensor>;

function names(specs: readonly InputSpec[]): string {
  return specs.map(({ name }) => name).join(', ');
}

/**
 * `text` is the content of a JSON file called `file`: nested lists for a model with one input, or an object by input name.
 * Throws a Failure that names what does not fit.
 */
export function inputsFromJson(model: string, specs: readonly InputSpec[], file: string, text: string): Inputs {
  const value = parsed(file, text);
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return inputsByName(model, specs, value);
  const [only, ...others] = specs;
  if (only === undefined || others.length > 0) {
    throw wrongUsage(`Model ${model} has ${specs.length} inputs: give an object by input name (${names(specs)}).`);
  }
  return { [only.name]: tensorFromJson(only, value) };
}

/** One text for a model whose only input is one BYTES element. Throws a Failure where it is not so. */
export function inputsFromText(model: string, specs: readonly InputSpec[], text: string): Inputs {
  const [only, ...others] = specs;
  if (only === undefined || others.length > 0) {
    throw wrongUsage(`--text is for models with one input, and ${model} has ${specs.length} (${names(specs)}): use --input.`);
  }
  return { [only.name]: tensorFromText(only, text) };
}

function parsed(file: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw wrongUsage(`${file} is not valid JSON: ${(error as Error).message}.`);
  }
}

function inputsByName(model: string, specs: readonly InputSpec[], value: object): Inputs {
  const entries = Object.entries(value).map(([name, nested]) => {
    const spec = specs.find((candidate) => candidate.name === name);
    if (!spec) {
      const hint = didYouMean(
        name,
        specs.map((candidate) => candidate.name),
      );
      throw wrongUsage(`Model ${model} has no input "${name}".${hint} It has: ${names(specs)}.`);
    }
    return [name, tensorFromJson(spec, nested)] as const;
  });
  return dictionary(entries);
}
