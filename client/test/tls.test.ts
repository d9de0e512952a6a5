import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import { expect, test } from 'vitest';
import { BrokerService } from '../../proto/gen/inferq/v1/broker.ts';
import { InferqClient, type TlsOptions, UnavailableError } from '../index.ts';
import { taskMessage } from './fake-broker.ts';

/** Paths of a fresh self-signed certificate for `broker.test`, or undefined without openssl. */
function certificate(): { cert: string; key: string } | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'inferq-tls-'));
  const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
  const subject = ['-subj', '/CN=broker.test', '-addext', 'subjectAltName=DNS:broker.test'];
  try {
    const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'];
    execFileSync('openssl', ['req', '-x509', ...curve, '-nodes', '-days', '2', '-keyout', key, '-out', cert, ...subject], {
      stdio: 'pipe',
    });
    return { cert, key };
  } catch {
    return undefined;
  }
}

const files = certificate();
const unless = files ? test : test.skip;
if (!files) console.warn('openssl is not installed: the TLS tests are skipped');
const { cert, key } = files ?? { cert: '', key: '' };

/** Runs one call against a server that asks for a client certificate where `mutual`. */
async function call(tls: TlsOptions | undefined, mutual: boolean): Promise<string> {
  const server = new Server();
  server.addService(BrokerService, {
    getResult: (_: unknown, reply: (error: null, value: unknown) => void) => reply(null, { task: taskMessage('QUEUED') }),
  });
  const own = [{ cert_chain: readFileSync(cert), private_key: readFileSync(key) }];
  const credentials = ServerCredentials.createSsl(readFileSync(cert), own, mutual);
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', credentials, (error, bound) => (error ? reject(error) : resolve(bound)));
  });
  const client = new InferqClient({ server: `127.0.0.1:${port}`, deadlineMs: 3_000, retry: { maxAttempts: 1 }, ...(tls ? { tls } : {}) });
  try {
    return (await client.getResult('t1')).state;
  } finally {
    client.close();
    server.forceShutdown();
  }
}

unless('a server is trusted by its certificate, given as a path or as bytes, under the name it is told', async () => {
  expect(await call({ ca: cert, serverName: 'broker.test' }, false)).toBe('QUEUED');
  expect(await call({ ca: readFileSync(cert), serverName: 'broker.test' }, false)).toBe('QUEUED');
});

unless('a client shows its own certificate', async () => {
  expect(await call({ ca: cert, cert, key, serverName: 'broker.test' }, true)).toBe('QUEUED');
  await expect(call({ ca: cert, serverName: 'broker.test' }, true)).rejects.toBeInstanceOf(UnavailableError);
});

unless('another name, unknown roots and plaintext are turned away', async () => {
  await expect(call({ ca: cert, serverName: 'other.test' }, false)).rejects.toBeInstanceOf(UnavailableError);
  await expect(call({ serverName: 'broker.test' }, false)).rejects.toBeInstanceOf(UnavailableError);
  await expect(call(undefined, false)).rejects.toBeInstanceOf(UnavailableError);
});

test('a TLS file that cannot be read is named', () => {
  expect(() => new InferqClient({ tls: { ca: '/nowhere/ca.pem' } })).toThrow('/nowhere/ca.pem');
});
