/** The permissions that are documented are those that are needed, and those that are needed suffice. */

import { readdirSync, readFileSync } from 'node:fs';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startRedis, type TestRedis } from '../../test/support/redis.ts';
import { connectQueue } from '../connect.ts';
import { neededCommands } from '../permissions.ts';
import type { QueueConnection } from '../queue.ts';
import { newTask } from './support/build.ts';

const docs = readFileSync(new URL('../../docs/redis.md', import.meta.url), 'utf8');
/** The rules of `ACL SETUSER inferq ...` in the docs. */
const rules = (/ACL SETUSER inferq ([^`]*?)```/s.exec(docs)?.[1] ?? '').replaceAll('\\\n', ' ').trim().split(/\s+/);
const subcommands = new Set(['pubsub', 'xgroup', 'xinfo']);

let server: TestRedis;
let operator: Redis;
beforeAll(async () => {
  server = await startRedis({ appendonly: 'no' });
  operator = new Redis(server.url, { protocol: 2 });
});
afterAll(async () => {
  operator.disconnect();
  await server.stop();
});

/** As a rule of an ACL: `+get`, `+xgroup|create`. */
function ruleOf([name = '', subcommand]: readonly string[]): string {
  return `+${subcommands.has(name) ? `${name}|${subcommand}` : name}`;
}

function scripts(folder: URL): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? scripts(new URL(`${entry.name}/`, folder)) : [readFileSync(new URL(entry.name, folder), 'utf8')],
  );
}

async function connectAs(extra: string[]): Promise<QueueConnection> {
  await operator.call('ACL', 'SETUSER', 'inferq', 'reset', ...rules.map((rule) => (rule === '>PASSWORD' ? '>secret' : rule)), ...extra);
  return connectQueue({ url: server.url.replace('//', '//inferq:secret@'), whenDown: 'fail' });
}

test('every command of the scripts is among those that are checked at the start', () => {
  const called = scripts(new URL('../lua/', import.meta.url)).flatMap((text) =>
    [...text.matchAll(/redis\.p?call\('(\w+)'(?:, '(\w+)')?/g)].map(([, name = '', next = '']) =>
      ruleOf([name.toLowerCase(), next.toLowerCase()]),
    ),
  );
  const checked = new Set(neededCommands.map(ruleOf));
  expect([...new Set(called)].filter((rule) => !checked.has(rule))).toEqual([]);
});

test('the documented permissions are those that are checked at the start, and INFO', () => {
  expect(rules.filter((rule) => /^\+/.test(rule)).sort()).toEqual([...new Set(neededCommands.map(ruleOf))].sort());
  expect(rules.filter((rule) => !/^\+/.test(rule))).toEqual(['reset', 'on', '>PASSWORD', '~iq:*', '&iq:*']);
});

test('with the documented permissions a start succeeds; without INFO it warns, with it there is nothing to say of it', async () => {
  const strict = await connectAs([]);
  expect(await strict.checkServer()).toEqual({ warnings: [expect.stringContaining('may not run INFO')] });
  expect(await strict.submission.submit([newTask()])).toMatchObject([{ kind: 'accepted' }]);
  expect(await strict.upkeep.reclaim()).toBe(0);
  await strict.close();
  const open = await connectAs(['+info']);
  expect((await open.checkServer()).warnings).toEqual([
    expect.stringContaining('no maxmemory'),
    expect.stringContaining('no append-only file'),
  ]);
  await open.close();
});

test.each(neededCommands.map((command) => [ruleOf(command).slice(1)]))('a start without %s is refused and names it', async (rule) => {
  const connection = await connectAs([`-${rule}`]);
  const name = rule.split('|')[0] ?? '';
  const found = await connection.checkServer().then(
    ({ refusal = '' }) => refusal,
    ({ code, message }: { code: string; message: string }) => `${code} ${message}`,
  );
  await connection.close();
  // EVAL is asked for only where Redis does not know the script yet.
  expect(found).toContain(name);
});

test.each([
  ['keys', ['resetkeys', '~other:*'], /NOPERM .*key/],
  ['writing keys', ['resetkeys', '%R~iq:*'], /NOPERM .*key/],
  ['channels', ['resetchannels', '&other:*'], /does not let this user run .*spublish.*ssubscribe/],
])('a start without %s is refused', async (_what, extra, problem) => {
  const connection = await connectAs(extra);
  const found = await connection.checkServer().then(
    ({ refusal = '' }) => refusal,
    ({ message }: Error) => message,
  );
  await connection.close();
  expect(found).toMatch(problem);
});
