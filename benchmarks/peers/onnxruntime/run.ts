/**
 * ONNX Runtime fed by hand: one thread, full batches that lie in memory. The file and the rows of a batch are the arguments;
 * `{"batches"}` is answered by `{"seconds"}`, or by an error where an answer is wrong. The model has one FP32 input of rows by
 * columns, and gives for each row the mean of its elements, as often as it has columns.
 */

import { createInterface } from 'node:readline';
import { InferenceSession, Tensor } from 'onnxruntime-node';

const [file = '', rows = '1'] = process.argv.slice(2);
const session = await InferenceSession.create(file, {
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
  extra: { session: { set_denormal_as_zero: '1' } },
});
const [input = ''] = session.inputNames;
const [output = ''] = session.outputNames;

/** As many rows as a batch has of this one. */
function batchOf(row: readonly number[]): Tensor {
  const values = Float32Array.from({ length: Number(rows) * row.length }, (_, index) => row[index % row.length] ?? 0);
  return new Tensor('float32', values, [Number(rows), row.length]);
}

async function measure(row: readonly number[], batches: number): Promise<{ seconds: number }> {
  const feed = { [input]: batchOf(row) };
  const mean = row.reduce((sum, value) => sum + value, 0) / row.length;
  const began = performance.now();
  for (let batch = 0; batch < batches; batch++) {
    const data = (await session.run(feed))[output]?.data as Float32Array;
    if (!data.every((value) => Math.abs(value - mean) < 1e-3 * Math.abs(mean))) throw new Error('an answer is not the mean of its row');
  }
  return { seconds: (performance.now() - began) / 1_000 };
}

process.stdout.write(`${JSON.stringify({ ready: {} })}\n`);
for await (const line of createInterface({ input: process.stdin })) {
  const { row, batches } = JSON.parse(line) as { row: number[]; batches: number };
  const answer = await measure(row, batches).catch((error: Error) => ({ error: error.message }));
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
