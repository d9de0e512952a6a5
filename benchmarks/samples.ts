/** Inputs with their right answers: what every contestant is asked in turn. */

import { InferenceSession, Tensor } from 'onnxruntime-node';
import { digit, smallInput } from './inputs.ts';
import { modelFile } from './repository.ts';
import type { Setup } from './scenario.ts';

export interface Sample {
  input: number[];
  expected: number[];
}

/** For the no-op model. They differ, so that an answer that went to another task is wrong. */
export const smallSamples: readonly Sample[] = Array.from({ length: 64 }, (_, index) => {
  const input = [index, ...smallInput.slice(1)];
  return { input, expected: input };
});

/** For the digits: onnxruntime's own answer. */
export async function digitSamples(setup: Setup): Promise<Sample[]> {
  const session = await InferenceSession.create(modelFile(setup.repository, 'digits'), { intraOpNumThreads: 1 });
  const { logits } = await session.run({ image: new Tensor('float32', digit, [1, digit.length]) });
  await session.release();
  return [{ input: digit, expected: Array.from(logits?.data as Float32Array) }];
}

/** The sample of the task at this place. */
export function sampleAt(samples: readonly Sample[], index: number): Sample {
  return samples[index % samples.length] as Sample;
}
