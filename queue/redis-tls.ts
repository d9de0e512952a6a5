/** TLS towards Redis from PEM files. */

import { readFileSync } from 'node:fs';
import { createSecureContext, type SecureContext } from 'node:tls';

/** Paths of PEM files: authorities to trust instead of the system's, and this process' own certificate with its key. */
export interface RedisTlsFiles {
  ca?: string;
  cert?: string;
  key?: string;
}

/**
 * What a TLS connection is opened with. The files are read again for each connection, so that replaced ones are used from the next one
 * on; where they cannot be used by then, the last good ones are, and `onProblem` hears why. Throws where they cannot be used now.
 */
export function tlsOptions(files: RedisTlsFiles, onProblem: (error: Error) => void): { readonly secureContext: SecureContext } {
  let context = readContext(files);
  return {
    get secureContext() {
      try {
        context = readContext(files);
      } catch (error) {
        onProblem(error as Error);
      }
      return context;
    },
  };
}

function readContext({ ca, cert, key }: RedisTlsFiles): SecureContext {
  const pem = {
    ...(ca === undefined ? {} : { ca: read('authorities', ca) }),
    ...(cert === undefined ? {} : { cert: read('certificate', cert) }),
    ...(key === undefined ? {} : { key: read('key', key) }),
  };
  try {
    return createSecureContext(pem);
  } catch (error) {
    throw new Error(`TLS cannot be set up from ${[ca, cert, key].filter(Boolean).join(', ')}: ${(error as Error).message}`);
  }
}

function read(what: string, path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new Error(`the file with the TLS ${what} for Redis cannot be read: ${(error as Error).message}`);
  }
}
