/** TLS for a server, from files that can be read again while it serves. */

import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext, type SecureContextOptions } from 'node:tls';
import { ServerCredentials } from '@grpc/grpc-js';
import { UsageError } from '../usage-error.ts';

/** Paths of PEM files. With `clientCa`, clients must show a certificate that one of these authorities signed. */
export interface TlsFiles {
  cert: string;
  key: string;
  clientCa?: string;
}

/** `kept`: the new files cannot be used, and the old ones stay in use. `plain`: there is no TLS. */
export type Reloaded = { kind: 'reloaded'; expires: Date } | { kind: 'kept'; reason: string } | { kind: 'plain' };

export interface ReloadableCredentials {
  credentials: ServerCredentials;
  /** Reads the files again, for new connections; open ones stay as they are. */
  reload(): Reloaded;
}

/** Credentials from these files, or for plain text. Throws a UsageError where they cannot be read or do not fit together. */
export function serverCredentials(tls: TlsFiles | undefined): ReloadableCredentials {
  if (tls === undefined) return { credentials: ServerCredentials.createInsecure(), reload: () => ({ kind: 'plain' }) };
  const credentials = new FileCredentials(tls);
  return { credentials, reload: () => credentials.reload() };
}

class FileCredentials extends ServerCredentials {
  readonly #files: TlsFiles;

  constructor(files: TlsFiles) {
    super({ requestCert: files.clientCa !== undefined }, readFiles(files).options);
    this.#files = files;
  }

  reload(): Reloaded {
    try {
      const { options, expires } = readFiles(this.#files);
      this.updateSecureContextOptions(options);
      return { kind: 'reloaded', expires };
    } catch (error) {
      if (error instanceof UsageError) return { kind: 'kept', reason: error.message };
      throw error;
    }
  }

  override _equals(other: ServerCredentials): boolean {
    return this === other;
  }
}

function readFiles(tls: TlsFiles): { options: SecureContextOptions; expires: Date } {
  const cert = read('certificate', tls.cert);
  const key = read('key', tls.key);
  const ca = tls.clientCa === undefined ? undefined : read('client authorities', tls.clientCa);
  // gRPC's own variable; part of the context, because a new one would forget it.
  const ciphers = process.env.GRPC_SSL_CIPHER_SUITES;
  const options = { cert, key, ...(ca && { ca }), ...(ciphers && { ciphers }) };
  try {
    createSecureContext(options);
    // OpenSSL skips authorities that it cannot read, and would then refuse all clients.
    if (ca !== undefined) for (const authority of certificatesIn(ca)) new X509Certificate(authority);
    return { options, expires: new Date(new X509Certificate(cert).validTo) };
  } catch (error) {
    throw new UsageError(`TLS cannot be set up from ${Object.values(tls).join(', ')}: ${(error as Error).message}`);
  }
}

/** The certificates of a PEM file; the whole file where it holds none. */
function certificatesIn(pem: Buffer): string[] {
  const text = pem.toString('latin1');
  const blocks = text.split(/^(?=-----BEGIN )/m).filter((block) => block.startsWith('-----BEGIN '));
  return blocks.length > 0 ? blocks : [text];
}

function read(what: string, path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new UsageError(`the TLS ${what} file cannot be read: ${(error as Error).message}`);
  }
}
