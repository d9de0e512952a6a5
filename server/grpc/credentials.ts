/** TLS for a server, from files. */

import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { ServerCredentials } from '@grpc/grpc-js';
import { UsageError } from '../usage-error.ts';

/** Paths of PEM files. With `clientCa`, clients must show a certificate that one of these authorities signed. */
export interface TlsFiles {
  cert: string;
  key: string;
  clientCa?: string;
}

/** Credentials from these files, or for plain text. Throws a UsageError where they cannot be read or do not fit together. */
export function serverCredentials(tls: TlsFiles | undefined): ServerCredentials {
  if (tls === undefined) return ServerCredentials.createInsecure();
  const cert = read('certificate', tls.cert);
  const key = read('key', tls.key);
  const ca = tls.clientCa === undefined ? null : read('client authorities', tls.clientCa);
  try {
    createSecureContext({ cert, key, ...(ca === null ? {} : { ca }) });
  } catch (error) {
    throw new UsageError(`TLS cannot be set up from ${Object.values(tls).join(', ')}: ${(error as Error).message}`);
  }
  return ServerCredentials.createSsl(ca, [{ cert_chain: cert, private_key: key }], ca !== null);
}

function read(what: string, path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new UsageError(`the TLS ${what} file cannot be read: ${(error as Error).message}`);
  }
}
