import { expect, test } from 'vitest';
import { InferqClient, InvalidRequestError } from '../index.ts';
import { proxyOf } from '../proxy.ts';
import { isLoopback, parseServer, shownServer } from '../server-address.ts';

test.each([
  ['broker', 'broker:50051', undefined],
  ['broker.example:443', 'broker.example:443', undefined],
  ['http://127.0.0.1:9', '127.0.0.1:9', false],
  ['HTTPS://broker/', 'broker:50051', true],
  ['https://[::1]:7', '[::1]:7', true],
  ['[fe80::1]', '[fe80::1]:50051', undefined],
  ['::1', '[::1]:50051', undefined],
])('%s is the server %s', (text, shown, tls) => {
  const address = parseServer(text);
  expect([shownServer(address), address.tls]).toEqual([shown, tls]);
});

test.each([
  '',
  ':1',
  'a:0',
  'a:65536',
  'a:b',
  'http://u:SECRET@h:1',
  'h/SECRET',
  'http://h/SECRET',
  'ftp://SECRET',
  '[::1',
  '[1:2]:3',
  'a b',
])('%j is refused, and not repeated', (server) => {
  expect(() => new InferqClient({ server })).toThrow(InvalidRequestError);
  expect(() => new InferqClient({ server })).not.toThrow(/SECRET/);
});

test('http:// and tls exclude each other', () => {
  expect(() => new InferqClient({ server: 'http://h', tls: {} })).toThrow('use https://');
});

test('loopback is told from other hosts', () => {
  const hosts = ['localhost', 'a.localhost', '127.0.0.1', '127.9.9.9', '::1', 'broker', '10.0.0.1', 'localhost.example'];
  expect(hosts.filter((host) => isLoopback({ host, port: 1 }))).toEqual(hosts.slice(0, 5));
});

test('the proxy of the environment is named without its password, unless the host is an exception', () => {
  const http_proxy = 'http://user:SECRET@proxy.example:3128';
  expect(proxyOf('broker', { http_proxy })).toEqual({ variable: 'http_proxy', url: 'http://proxy.example:3128' });
  expect(proxyOf('broker', { http_proxy, grpc_proxy: 'http://other' })).toEqual({ variable: 'grpc_proxy', url: 'http://other:80' });
  expect(proxyOf('broker', { http_proxy, no_proxy: 'x,roker' })).toBeUndefined();
  expect(proxyOf('broker', {})).toBeUndefined();
});
