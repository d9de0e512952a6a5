/** One model.yaml: its keys, and on which line each stands. */

import type { Dictionary } from '@inferq/core/dictionary.ts';
import { type Document, isMap, isNode, isScalar, LineCounter, parseDocument } from 'yaml';
import type { Problem } from './problem.ts';
import { readSmallText } from './settings-text.ts';
import { type YamlFault, yamlFault } from './yaml-faults.ts';

export interface YamlFile {
  file: string;
  keys: Dictionary<unknown>;
  /** The line of a key or list item, or of the nearest thing around it; undefined where nothing of it is written. */
  line(path: readonly PropertyKey[]): number | undefined;
}

/** Longer lists of labels have a file of their own. */
const mostBytes = 262_144;

/** Reads a file that may be absent (then undefined). Whatever is wrong with it is a problem; nothing in a file makes this throw. */
export async function readYaml(file: string): Promise<YamlFile | Problem | undefined> {
  const read = await readSmallText(file, mostBytes);
  if (read === undefined) return undefined;
  if ('problem' in read) return { file, problem: read.problem };
  const lines = new LineCounter();
  const document = parseDocument(read.text, { lineCounter: lines, prettyErrors: false, uniqueKeys: false, logLevel: 'error' });
  const outcome = keysOf(document);
  if ('keys' in outcome) {
    return { file, keys: outcome.keys, line: (path) => lineAt(lines, startOf(document.contents, path)) };
  }
  const line = lineAt(lines, outcome.offset);
  return { file, problem: line === undefined ? outcome.problem : `line ${line}: ${outcome.problem}` };
}

type Keys = { keys: Dictionary<unknown> } | { problem: string; offset: number | undefined };

function keysOf(document: Document): Keys {
  const start = isNode(document.contents) ? document.contents.range?.[0] : 0;
  const wrong = ({ reason, offset }: YamlFault): Keys => ({ problem: `is not valid YAML: ${reason}`, offset });
  const fault = yamlFault(document);
  if (fault) return wrong(fault);
  let value: unknown;
  try {
    value = document.toJS() ?? {};
  } catch (thrown) {
    // What can be parsed may still be too much to build, such as aliases of aliases of aliases.
    return wrong({ reason: (thrown as Error).message, offset: start });
  }
  return isPlainObject(value) ? { keys: value } : { problem: 'must be a list of keys such as `queue: default`', offset: start };
}

/** A tag can make something else of a map. */
function isPlainObject(value: unknown): value is Dictionary<unknown> {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}

function lineAt(lines: LineCounter, offset: number | undefined): number | undefined {
  return offset === undefined ? undefined : lines.linePos(offset).line;
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
