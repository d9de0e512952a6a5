/** What `inferq up` prints when everything works. */

import { existsSync } from 'node:fs';
import { join, relative } from 'node:path';

export interface UpFacts {
  /** Where the server listens. */
  address: string;
  /** Where Redis is, without a password. */
  redis: string;
  data: string;
  repository: string;
}

/** Three commands that work with what this repository holds. */
function tries(facts: UpFacts, defaultAddress: string): string[] {
  const sample = join(facts.repository, 'digits', 'sample.json');
  const lines = [
    ...(existsSync(sample) ? [`submit digits --input ${relative(process.cwd(), sample)} --watch`] : []),
    ...(existsSync(join(facts.repository, 'charlm')) ? ['submit charlm --text "Once upon" --param max_tokens=200 --watch'] : []),
    'queues',
    'models',
    'workers',
  ];
  const server = facts.address === defaultAddress ? '' : ` --server ${facts.address}`;
  return lines.slice(0, 3).map((line) => `  npx inferq ${line}${server}`);
}

/** Where things listen, and what to try next. */
export function banner(facts: UpFacts, defaultAddress: string): string {
  return [
    'inferq is up.',
    `  server  ${facts.address} (gRPC, with health and reflection)`,
    `  redis   ${facts.redis}`,
    `  models  ${facts.repository}`,
    `  logs    ${join(facts.data, 'server.log')}, ${join(facts.data, 'worker.log')}`,
    '',
    'Try next, in a second terminal:',
    ...tries(facts, defaultAddress),
    '',
    'Ctrl-C ends it.',
    '',
  ].join('\n');
}
