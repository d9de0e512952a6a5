import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { command } from './support/stack.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

/** The samples in which the rules of this repository find something that a user's name could index. */
async function found(samples: readonly string[]): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'inferq-lint-'));
  try {
    for (const [index, code] of samples.entries()) writeFileSync(join(folder, `sample-${index}.ts`), `${code}\n`);
    const { stdout } = await command('npx', ['biome', 'lint', '--reporter=json', `--config-path=${root}`, folder]);
    const { diagnostics } = JSON.parse(stdout) as { diagnostics: { category: string; location: { path: unknown } }[] };
    const paths = diagnostics.filter(({ category }) => category === 'plugin').map(({ location }) => JSON.stringify(location.path));
    return samples.filter((_, index) => paths.some((path) => path.includes(`sample-${index}.ts`)));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

test('lint refuses objects that a user’s name could index', async () => {
  const wrong = [
    'export type Tasks = Record<string, number>;',
    'export type Tasks = Readonly<Partial<Record<string, number>>>;',
    'export type Tasks = { [name: string]: number };',
    'export interface Tasks { [name: string]: number }',
    'export const tasks = Object.fromEntries([["a", 1]]);',
    'export const has = (name: string, tasks: object) => name in tasks;',
    "import type { Dictionary } from '@inferq/core/dictionary.ts';\nexport const tasks: Dictionary<number> = {};",
  ];
  const right = [
    "export type Tasks = Record<'a' | 'b', number>;",
    "export const has = (task: object) => 'end' in task;",
    'export const tasks = new Map<string, number>();',
  ];
  expect(await found([...wrong, ...right])).toEqual(wrong);
});
