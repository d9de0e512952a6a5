/** The models of all scenarios: one repository, whose files every contestant runs. */

import { cpSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildModel, heavy } from '@inferq/test/support/onnx-fixture.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Elements of the small input: 256 bytes. */
export const smallWidth = 64;
/**
 * The compute-bound model: so many products of this width take about 5 ms for one row on one core, and for 32 rows about 25:
 * as real models do, it gains from batches.
 */
const heavyWidth = 64;
const heavyProducts = 8_000;

/** Makes the repository in a temporary folder, and says where. */
export function makeRepository(): string {
  const folder = mkdtempSync(join(tmpdir(), 'inferq-bench-models-'));
  for (const model of ['digits', 'charlm']) cpSync(join(root, 'models', model), join(folder, model), { recursive: true });
  cpSync(join(root, 'benchmarks/models'), folder, { recursive: true });
  widen(folder, 'charlm', 64);
  write(folder, 'noop', identity(smallWidth), 'max_batch_size: 64');
  write(folder, 'noop-32', identity(smallWidth), 'max_batch_size: 32');
  write(folder, 'payload', identity('width'), 'max_batch_size: 8');
  write(folder, 'compute', heavy(heavyWidth, heavyProducts), 'max_batch_size: 32');
  return folder;
}

/** Where a model's ONNX file lies. */
export function modelFile(repository: string, model: string): string {
  return join(repository, model, '1/model.onnx');
}

function identity(width: number | string): Uint8Array {
  const shape = ['rows', width];
  return buildModel({
    inputs: { x: { type: 'FP32', shape } },
    outputs: { y: { type: 'FP32', shape } },
    nodes: [{ op: 'Identity', inputs: ['x'], outputs: ['y'] }],
  });
}

/** Lets so many rows into a batch of the model. */
function widen(folder: string, model: string, rows: number): void {
  const file = join(folder, model, 'model.yaml');
  writeFileSync(file, readFileSync(file, 'utf8').replace(/^max_batch_size:.*$/m, `max_batch_size: ${rows}`));
}

function write(folder: string, model: string, file: Uint8Array, settings: string): void {
  mkdirSync(join(folder, model, '1'), { recursive: true });
  writeFileSync(modelFile(folder, model), file);
  writeFileSync(join(folder, model, 'model.yaml'), `${settings}\n`);
}
