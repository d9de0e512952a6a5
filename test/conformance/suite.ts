/** The cases of the ONNX backend suite, with the answers of ONNX Runtime for Python. */

import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeTensors } from '@inferq/client/tensor/decode.ts';
import type { Datatype, Tensor } from '@inferq/client/tensor/tensor.ts';
import { readGraph } from '@inferq/worker/onnx/graph.ts';
import { signatureFault } from '@inferq/worker/onnx/signature.ts';
import { command } from '../support/stack.ts';

export interface StoredTensor {
  name: string;
  datatype: Datatype;
  shape: number[];
  /** Base64. */
  raw: string;
}

/** A case that ONNX Runtime runs and whose tensors can be carried. */
export interface RunnableCase {
  outcome: 'run';
  case: string;
  model: string;
  /** The repository that holds its model: `part-N`. */
  part: number;
  /** It has another opset than in the suite: the newest one that ONNX Runtime takes. */
  restamped: boolean;
  inputs: StoredTensor[];
  outputs: StoredTensor[];
}

interface OtherCase {
  outcome: 'not carried' | 'not run by ONNX Runtime';
  case: string;
  restamped: boolean;
  /** In the repository `refused`, where the outcome is `not carried`. */
  model?: string;
}

export interface Suite {
  folder: string;
  onnx: string;
  onnxruntime: string;
  cases: (RunnableCase | OtherCase)[];
}

/** Makes models of every `every`th case, in a temporary folder. Throws if Python fails. */
export async function makeSuite(python: string, every: number): Promise<Suite> {
  const folder = mkdtempSync(join(tmpdir(), 'inferq-conformance-'));
  const made = await command(python, ['test/conformance/cases.py', folder, String(every)]);
  if (made.code !== 0) throw new Error(`the cases could not be made: ${made.stderr.slice(-2_000)}`);
  return { folder, ...JSON.parse(readFileSync(join(folder, 'cases.json'), 'utf8')) };
}

export function runnable({ cases }: Suite): RunnableCase[] {
  return cases.filter((one) => one.outcome === 'run');
}

/** Cases with types that the binding cannot carry, but whose models a worker would not refuse. */
export function notRefused({ folder, cases }: Suite): string[] {
  return cases.flatMap((one) => {
    if (one.outcome !== 'not carried' || one.model === undefined) return [];
    const graph = readGraph(join(folder, 'refused', one.model, '1/model.onnx'));
    return graph && signatureFault(graph) ? [] : [one.case];
  });
}

/** The tensors by name, in their order. */
export function decoded(tensors: readonly StoredTensor[]): [string, Tensor][] {
  return tensors.map((stored) => {
    const raw = new Uint8Array(Buffer.from(stored.raw, 'base64'));
    const wire = {
      name: stored.name,
      datatype: stored.datatype,
      shape: stored.shape.map(BigInt),
      data: { $case: 'raw' as const, value: raw },
    };
    return [stored.name, decodeTensors([wire])[stored.name] as Tensor];
  });
}
