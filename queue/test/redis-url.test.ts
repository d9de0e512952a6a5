import { expect, test } from 'vitest';
import { parseRedisUrl, shownUrl, socketUrl } from '../redis-url.ts';

const secret = 'SECRET';

test.each([
  ['redis://h', { at: { kind: 'tcp', host: 'h', port: 6_379, tls: false }, database: 0 }, 'redis://h:6379/0'],
  ['redis://h/', { at: { kind: 'tcp', host: 'h', port: 6_379, tls: false }, database: 0 }, 'redis://h:6379/0'],
  [
    'REDISS://redis_1.x-y:7000/15',
    { at: { kind: 'tcp', host: 'redis_1.x-y', port: 7_000, tls: true }, database: 15 },
    'rediss://redis_1.x-y:7000/15',
  ],
  ['redis://[::1]:6380/2', { at: { kind: 'tcp', host: '::1', port: 6_380, tls: false }, database: 2 }, 'redis://[::1]:6380/2'],
  ['redis://:@h', { at: { kind: 'tcp', host: 'h', port: 6_379, tls: false }, database: 0 }, 'redis://h:6379/0'],
  [`redis://:${secret}@h`, { at: { kind: 'tcp', host: 'h', port: 6_379, tls: false }, database: 0, password: secret }, 'redis://h:6379/0'],
  [
    `rediss://%C3%BCser:a%2F${secret}%3F%23%40:@%25@h:1/3`,
    { at: { kind: 'tcp', host: 'h', port: 1, tls: true }, database: 3, username: 'üser', password: `a/${secret}?#@:@%` },
    'rediss://h:1/3',
  ],
  ['unix:///run/redis.sock', { at: { kind: 'socket', path: '/run/redis.sock' }, database: 0 }, 'unix:///run/redis.sock'],
  [
    `unix://user:${secret}@/run/a%20%25%3F%23.sock?db=4`,
    { at: { kind: 'socket', path: '/run/a %?#.sock' }, database: 4, username: 'user', password: secret },
    'unix:///run/a%20%25%3F%23.sock?db=4',
  ],
])('%s is read in full, and shown without user and password', (url, address, shown) => {
  expect(parseRedisUrl(url)).toEqual({ ok: true, address });
  expect(shownUrl(url)).toBe(shown);
});

test.each([
  ['', 'must look like'],
  [`localhost/${secret}`, 'must look like'],
  [`localhost:6379/${secret}`, 'must look like'],
  [`http://${secret}@h`, 'must look like'],
  [`redis:${secret}`, 'must look like'],
  [`redis://`, 'must look like'],
  [`redis:///${secret}`, 'must look like'],
  [`redis://:${secret}@`, 'must look like'],
  [`redis://:${secret}@h\n`, 'a space or a control character'],
  [`redis://:${secret} x@h`, 'a space or a control character'],
  [`redis://:abc/${secret}@h`, 'percent-encoded'],
  [`redis://abc/${secret}@h/1`, 'percent-encoded'],
  [`redis://:abc?${secret}@h`, 'percent-encoded'],
  [`redis://:abc#${secret}@h`, 'percent-encoded'],
  [`redis://:%zz${secret}@h`, 'percent-encoded'],
  [`redis://:%E4${secret}@h`, 'percent-encoded'],
  [`redis://%${secret}:x@h`, 'percent-encoded'],
  [`redis://${secret}@h`, 'a user name without a password'],
  [`redis://${secret}:@h`, 'a user name without a password'],
  [`redis://h:${secret}`, 'host or port'],
  ['redis://h:0', 'host or port'],
  ['redis://h:65536', 'host or port'],
  ['redis://h:-1', 'host or port'],
  ['redis://::1:6379', 'host or port'],
  ['redis://[::1', 'host or port'],
  ['redis://[1:2]', 'host or port'],
  [`redis://h%2F${secret}`, 'host or port'],
  ['redis://h/-1', 'a whole number'],
  ['redis://h/1.5', 'a whole number'],
  ['redis://h/1e0', 'a whole number'],
  ['redis://h/abc', 'a whole number'],
  ['redis://h/01', 'a whole number'],
  ['redis://h/%31', 'a whole number'],
  ['redis://h/1/', 'a whole number'],
  ['redis://h//', 'a whole number'],
  ['redis://h/2147483648', 'a whole number'],
  [`redis://h/1?password=${secret}`, '"?" or "#"'],
  ['redis://h?db=1', '"?" or "#"'],
  ['redis://h/1#x', '"?" or "#"'],
  ['unix://run/redis.sock', 'must look like'],
  ['unix:///', 'must look like'],
  ['unix:///a?db=1&db=2', 'a whole number'],
  ['unix:///a?db=', 'a whole number'],
  ['unix:///a?virtual_host=1', '"?" or "#"'],
  ['unix:///a%', 'socket path'],
  ['unix:///a%00b', 'socket path'],
])('%j is refused, and nothing of it is repeated', (url, problem) => {
  const parsed = parseRedisUrl(url);
  expect(parsed).toEqual({ ok: false, problem: expect.stringContaining(problem) });
  expect(JSON.stringify(parsed)).not.toContain(secret);
  expect(shownUrl(url)).toBe('a Redis URL that is not valid');
});

test('a socket keeps its path through its URL', () => {
  const path = '/tmp/a b/%41?#@:ü.sock';
  expect(parseRedisUrl(socketUrl(path))).toMatchObject({ address: { at: { path } } });
});
