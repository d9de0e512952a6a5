/** What is wrong with a YAML document beyond its grammar. */

import { type Alias, type Document, isScalar, visit, type YAMLMap } from 'yaml';

/** `reason` follows "is not valid YAML: "; `offset` is its place in the text. */
export interface YamlFault {
  reason: string;
  offset: number | undefined;
}

/** Of these, the library's messages speak to programmers. */
const sentences: ReadonlyMap<string, string> = new Map([
  ['MULTIPLE_DOCS', 'a second document begins here, and a file may hold only one'],
  ['RESOURCE_EXHAUSTION', 'it is nested too deeply'],
]);

/** The first fault, or undefined. A document without one can be turned into values, unless its aliases multiply beyond bounds. */
export function yamlFault(document: Document): YamlFault | undefined {
  const [error = document.warnings[0]] = document.errors;
  if (error) return { reason: sentences.get(error.code) ?? error.message, offset: error.pos[0] };
  const anchors = new Set<string>();
  let fault: YamlFault | undefined;
  visit(document, {
    Value(_, node) {
      if (node.anchor !== undefined) anchors.add(node.anchor);
      // The library compares each key with all others.
      if ('has' in node && 'items' in node) fault ??= repeatedKey(node as YAMLMap);
      return fault && visit.BREAK;
    },
    Alias(_, alias, above) {
      fault ??= aliasFault(alias, anchors, above);
      return fault && visit.BREAK;
    },
  });
  return fault;
}

function repeatedKey({ items }: YAMLMap): YamlFault | undefined {
  const seen = new Set<unknown>();
  for (const { key } of items) {
    if (!isScalar(key)) continue;
    if (seen.has(key.value)) return { reason: `the key "${key.value}" is there twice`, offset: key.range?.[0] };
    seen.add(key.value);
  }
  return undefined;
}

/** What contains itself has no end. */
function aliasFault({ source, range }: Alias, anchors: ReadonlySet<string>, above: readonly unknown[]): YamlFault | undefined {
  const offset = range?.[0];
  if (!anchors.has(source)) return { reason: `the alias *${source} has no anchor &${source} before it`, offset };
  const within = above.some((node) => (node as { anchor?: string }).anchor === source);
  return within ? { reason: `the alias *${source} is inside of what it stands for`, offset } : undefined;
}
