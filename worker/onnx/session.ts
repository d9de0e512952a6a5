/** ONNX models behind the handler API's Session. */

import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { TensorSpec } from '@inferq/core/tensor/tensor.ts';
import type { Session, Tensors } from '../handler.ts';
import { type Graph, graphOf, readGraph } from './graph.ts';
import { withoutInitializers } from './rewrite.ts';
import { type Loaded, loadModel, type Model, type RuntimeOptions } from './runtime.ts';
import { inputSpecs, outputSpecs, signatureFault } from './signature.ts';
import { fromBinding, toBinding } from './values.ts';
import { bytesSource } from './wire.ts';
import { withClasses, withoutZipMaps, type ZipMap } from './zip-map.ts';

/** How many sets of overridden initializers have a session of their own, beside that of the file as it is. */
const mostVariants = 4;

/** Loads a model from its file. Throws where it cannot be loaded, with ONNX Runtime's reason, or holds what no task can carry. */
export async function openSession(file: string, options: RuntimeOptions): Promise<Session> {
  const prepared = prepare(file);
  const fault = prepared.graph && signatureFault(prepared.graph);
  if (fault !== undefined) throw new Error(fault);
  return new OnnxSession(file, options, prepared, await loadModel(prepared.model, options));
}

interface Prepared {
  model: Model;
  zipMaps: ZipMap[];
  /** Undefined where the file cannot be read: ONNX Runtime says why. */
  graph: Graph | undefined;
}

function prepare(file: string): Prepared {
  const graph = readGraph(file);
  if (!graph?.outputs.some(({ type }) => type.kind === 'sequence of maps')) return { model: file, zipMaps: [], graph };
  const { model: bytes, zipMaps } = withoutZipMaps(readFileSync(file));
  return { model: { bytes, folder: dirname(file) }, zipMaps, graph: graphOf(bytesSource(bytes)) };
}

class OnnxSession implements Session {
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
  readonly #file: string;
  readonly #options: RuntimeOptions;
  readonly #prepared: Prepared;
  readonly #plain: Loaded;
  /** By the names of the initializers that are overridden: the binding takes none, so there they are inputs like others. */
  readonly #variants = new Map<string, Promise<Loaded>>();

  constructor(file: string, options: RuntimeOptions, prepared: Prepared, loaded: Loaded) {
    this.#file = file;
    this.#options = options;
    this.#prepared = prepared;
    this.#plain = loaded;
    this.inputs = inputSpecs(loaded.inputs, prepared.graph);
    this.outputs = outputSpecs(loaded.outputs, prepared.graph, prepared.zipMaps);
  }

  async run(feeds: Tensors): Promise<Tensors> {
    const tensors = toBinding(this.inputs, feeds);
    const overridden = this.inputs.filter(({ name, optional }) => optional && Object.hasOwn(feeds, name)).map(({ name }) => name);
    const { outputs, run } = overridden.length === 0 ? this.#plain : await this.#variant(overridden);
    return withClasses(this.#prepared.zipMaps, fromBinding(outputs, await run(tensors)));
  }

  #variant(overridden: readonly string[]): Promise<Loaded> {
    const key = overridden.join('\0');
    const known = this.#variants.get(key);
    if (known) return known;
    const { model } = this.#prepared;
    const bytes = withoutInitializers(typeof model === 'string' ? readFileSync(model) : model.bytes, new Set(overridden));
    const loading = loadModel({ bytes, folder: dirname(this.#file) }, this.#options);
    this.#variants.set(key, loading);
    loading.catch(() => this.#variants.delete(key));
    const [oldest] = this.#variants.keys();
    if (oldest !== undefined && this.#variants.size > mostVariants) this.#variants.delete(oldest);
    return loading;
  }
}
