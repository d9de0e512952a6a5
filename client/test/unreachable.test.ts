import { readFileSync } from 'node:fs';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import { afterAll, afterEach, expect, test, vi } from 'vitest';
import { type KeyPair, makeAuthority } from '../../test/support/certificates.ts';
import { InferqClient, type TlsOptions, UnavailableError } from '../index.ts';

const authority = makeAuthority();
const other = makeAuthority('another authority');
const { ca } = authority;
const own = authority.issue('server', ['127.0.0.1']);
afterAll(() => {
  authority.remove();
  other.remove();
});
afterEach(() => vi.unstubAllEnvs());

interface Served {
  pair?: KeyPair;
  mutual?: boolean;
}

/** What a client with `tls` is told by a server like that. */
async function told({ pair, mutual = false }: Served, tls: TlsOptions | undefined): Promise<string> {
  const server = new Server();
  const keys = pair && [{ cert_chain: readFileSync(pair.cert), private_key: readFileSync(pair.key) }];
  const credentials = keys ? ServerCredentials.createSsl(readFileSync(ca), keys, mutual) : ServerCredentials.createInsecure();
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', credentials, (error, bound) => (error ? reject(error) : resolve(bound)));
  });
  try {
    return await failureOf(`127.0.0.1:${port}`, tls);
  } finally {
    server.forceShutdown();
  }
}

async function failureOf(server: string, tls?: TlsOptions): Promise<string> {
  const client = new InferqClient({ server, retry: { maxAttempts: 1 }, ...(tls ? { tls } : {}) });
  const error = await client.getResult('t').catch((failed: unknown) => failed);
  client.close();
  expect(error).toBeInstanceOf(UnavailableError);
  return (error as Error).message;
}

test.each<[string, Served, TlsOptions | undefined, RegExp]>([
  ['no client certificate', { pair: own, mutual: true }, { ca }, /client certificate/],
  ['plain text on a TLS port', { pair: own }, undefined, /it may use TLS at this port/],
  ['TLS on a plain port', {}, { ca }, /does not use TLS at this port/],
  ['an unknown authority', { pair: own }, { ca: other.ca }, /an authority that is not trusted here/],
  ['another name', { pair: authority.issue('named', ['broker.test']) }, { ca }, /its certificate is for another name/],
  ['an expired certificate', { pair: authority.issue('old', ['127.0.0.1'], 'expired') }, { ca }, /its certificate has expired/],
])('%s is told in a sentence', async (_what, served, tls, sentence) => {
  const message = await told(served, tls);
  expect(message).toMatch(sentence);
  expect(message).not.toMatch(/SSL|openssl|Resolution note/);
});

test('a proxy in the environment is not used on loopback, and is named without its password elsewhere', async () => {
  vi.stubEnv('http_proxy', 'http://user:SECRET@127.0.0.1:9');
  expect(await failureOf('127.0.0.1:1')).toBe('no connection to 127.0.0.1:1: connect ECONNREFUSED 127.0.0.1:1');
  const elsewhere = await failureOf('broker.invalid:1');
  expect(elsewhere).toContain('through the proxy http://127.0.0.1:9 of http_proxy');
  expect(elsewhere).not.toContain('SECRET');
});
