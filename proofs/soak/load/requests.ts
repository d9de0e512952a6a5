/** What is asked of the models, and what they must answer. */

import { readFileSync } from 'node:fs';
import { type InferqClient, type SubmitRequest, type Task, tensor, texts } from '@inferq/client/index.ts';
import type { Chance } from '../../chaos/chance.ts';
import { resultTtlMs } from '../settings.ts';
import { expectThat } from './tally.ts';

export interface Question {
  request: SubmitRequest;
  /** Throws a WrongAnswer where the task did not succeed with what it must answer. */
  check(task: Task): void;
}

interface Digit {
  label: number;
  image: number[];
}

const digitsFile = new URL('../../../models/digits/samples.json', import.meta.url);

/** Throws a WrongAnswer where the task did not succeed. */
function expectSuccess({ id, state, error }: Task): void {
  expectThat(state === 'SUCCEEDED', `task ${id} is ${state}${error ? ` (${error.code}: ${error.message})` : ''}`);
}

export class Questions {
  readonly #chance: Chance;
  readonly #digits: readonly Digit[];

  /** Keeps those of the digits that the model recognises. */
  static async learn(client: InferqClient, chance: Chance): Promise<Questions> {
    const { samples } = JSON.parse(readFileSync(digitsFile, 'utf8')) as { samples: Digit[] };
    const answers = await Promise.all(samples.map(({ image }) => client.predict(digitsRequest(image))));
    const known = samples.filter(({ label }, index) => answers[index]?.classifications[0]?.[0]?.index === label);
    return new Questions(chance, known);
  }

  private constructor(chance: Chance, digits: readonly Digit[]) {
    this.#chance = chance;
    this.#digits = digits;
  }

  /** So many images in one task. */
  digits(rows = 1): Question {
    const asked = Array.from({ length: rows }, () => this.#chance.pick(this.#digits) as Digit);
    return {
      request: { ...digitsRequest(asked.flatMap(({ image }) => image)), priority: this.#chance.whole(0, 9) },
      check: (task) => {
        expectSuccess(task);
        const answers = task.classifications.map(([best]) => best?.index);
        expectThat(
          answers.length === rows && asked.every(({ label }, index) => answers[index] === label),
          `task ${task.id} took ${asked.map(({ label }) => label).join(', ')} for ${answers.join(', ')}`,
        );
      },
    };
  }

  /** A model that answers its input, whatever else its parameters make it do. */
  echo(model: 'probe' | 'outage', parameters: SubmitRequest['parameters'] = {}): Question {
    const sent = Array.from({ length: 2 }, () => Math.fround(this.#chance.next()));
    return {
      request: { model, inputs: { x: tensor.fp32([1, 2], sent) }, parameters, resultTtlMs },
      check: (task) => {
        expectSuccess(task);
        const data = [...((task.outputs.y?.data ?? []) as Iterable<unknown>)];
        expectThat(
          data.length === sent.length && sent.every((value, index) => data[index] === value),
          `task ${task.id} answered ${data} instead of ${sent}`,
        );
      },
    };
  }

  /** A text of so many characters. */
  text(characters: number): Question {
    const request = {
      model: 'charlm',
      inputs: { prompt: tensor.strings([1], ['Once upon']) },
      parameters: { max_tokens: characters, seed: this.#chance.whole(0, 1_000_000) },
      resultTtlMs,
    };
    return {
      request,
      check: (task) => {
        expectSuccess(task);
        const { length } = textOf(task.outputs);
        expectThat(length === characters, `task ${task.id} answered ${length} of ${characters} characters`);
      },
    };
  }
}

function digitsRequest(pixels: number[]): SubmitRequest {
  return { model: 'digits', inputs: { image: tensor.fp32([pixels.length / 64, 64], pixels) }, resultTtlMs };
}

/** What charlm wrote, in a chunk or in all. */
export function textOf({ text }: Task['outputs']): string {
  return text ? texts(text).join('') : '';
}
