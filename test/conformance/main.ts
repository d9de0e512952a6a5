/** `npm run conformance`: the whole ONNX backend suite; writes docs/conformance.md and exits with 1 if an answer differs. */

import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findRedisServer } from '@inferq/cli/up/redis-binary.ts';
import { python, root } from '../foreign/tools.ts';
import { type Difference, differences } from './answers.ts';
import { makeSuite, notRefused, runnable, type Suite } from './suite.ts';

function page(suite: Suite, different: readonly Difference[], wronglyTaken: readonly string[]): string {
  const { onnx, onnxruntime, cases } = suite;
  const count = (outcome: string) => cases.filter((one) => one.outcome === outcome).length;
  const crashes = different.filter(({ crash }) => crash);
  const others = different.filter(({ crash }) => !crash);
  return `# Conformance

\`npm run conformance\` writes this page. It runs the backend suite of onnx ${onnx} through a client, a server, Redis and a worker, and
compares each answer with that of ONNX Runtime ${onnxruntime} for Python: names, order, datatypes, shapes and values, up to rounding
(relative differences of 2e-3 for FP16, 1e-5 for FP32 and 1e-7 for FP64). It needs what \`test/foreign/install\` installs.

| Cases | |
| --- | ---: |
| in the suite | ${cases.length} |
| that ONNX Runtime for Python does not run | ${count('not run by ONNX Runtime')} |
| that ONNX Runtime loads, with types that onnxruntime-node cannot carry (sequences, optional values, BF16, FLOAT8, 4 bits and less, complex numbers) | ${count('not carried')} |
| of these, refused at load with the name and type | ${count('not carried') - wronglyTaken.length} |
| that run | ${runnable(suite).length} |
| of these, with the same answer | ${runnable(suite).length - different.length} |
| of these, with another answer or none | ${others.length} |
| of these, that end the executor (a crash in native code) | ${crashes.length} |

${cases.filter(({ restamped }) => restamped).length} cases have an opset that ONNX Runtime does not support yet, and were run with the newest one that it supports.
${list('Not refused', wronglyTaken)}${list('Another answer or none', others.map(described))}${list('Crashes', crashes.map(described))}`;
}

const described = ({ case: name, why }: Difference) => `\`${name}\`: ${why.replaceAll('\n', ' ')}`;

function list(title: string, entries: readonly string[]): string {
  return entries.length === 0 ? '' : `\n## ${title}\n\n${entries.map((entry) => `- ${entry}\n`).join('')}`;
}

await findRedisServer({ download: true });
const suite = await makeSuite(python(), 1);
try {
  const different = await differences(suite);
  const wronglyTaken = notRefused(suite);
  const text = page(suite, different, wronglyTaken);
  writeFileSync(join(root, 'docs/conformance.md'), text);
  process.stdout.write(text);
  if (different.length + wronglyTaken.length > 0) process.exitCode = 1;
} finally {
  rmSync(suite.folder, { recursive: true });
}
