/** One model.yaml: its keys, and on which line each stands. */

import { readFile } from 'node:fs/promises';
import type { Dictionary } from '@inferq/core/dictionary.ts';
import { isMap, isNode, isScalar, LineCounter, parseDocument } from 'yaml';

export interface YamlFile {
  file: string;
  keys: Dictionary<unknown>;
  /** The line of a key or list item, or of the nearest thing around it; undefined where nothing of it is written. */
  line(path: readonly PropertyKey[]): number | undefined;
}

/** What is wrong, and in which file. */
export interface Problem {
  file: string;
  problem: string;
}

/** Reads a file that may be absent (then undefined). Wrong YAML is a problem. */
export async function readYaml(file: string): Promise<YamlFile | Problem | undefined> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    return { file, problem: `cannot be read: ${(error as Error).message}` };
  }
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const [error] = document.errors;
  if (error) return { file, problem: `line ${lines.linePos(error.pos[0]).line}: is not valid YAML: ${error.message}` };
  const keys: unknown = document.toJS() ?? {};
  if (typeof keys !== 'object' || Array.isArray(keys)) return { file, problem: 'must be a list of keys such as `queue: default`' };
  return {
    file,
    keys: keys as Dictionary<unknown>,
    line(path) {
      const offset = startOf(document.contents, path);
      return offset === undefined ? undefined : lines.linePos(offset).line;
    },
  };
}

/** Where the deepest written part of `path` begins. */
function startOf(contents: unknown, path: readonly PropertyKey[]): number | undefined {
  let node = contents;
  let start: number | undefined;
  for (const step of path) {
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === String(step));
      if (!pair) return start;
      start = isNode(pair.key) ? pair.key.range?.[0] : start;
      node = pair.value;
    } else {
      node = isNode(node) && 'items' in node ? (node.items as unknown[])[Number(step)] : undefined;
      if (!isNode(node)) return start;
      start = node.range?.[0] ?? start;
    }
  }
  return start;
}
