/** Certificates of a test's own, made by openssl. */

import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Paths of PEM files. */
export interface KeyPair {
  cert: string;
  key: string;
}

export interface Authority {
  /** The file with its own certificate. */
  readonly ca: string;
  /** A certificate that it signs, for these DNS names and IP addresses. `expired`: it was valid until yesterday. */
  issue(name: string, names: readonly string[], validity?: 'valid' | 'expired'): KeyPair;
  remove(): void;
}

const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
const dayMs = 86_400_000;

/** Makes an authority in a temporary folder. */
export function makeAuthority(name = 'inferq test authority'): Authority {
  const folder = mkdtempSync(join(tmpdir(), 'inferq-ca-'));
  const path = (file: string) => join(folder, file);
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' });
  openssl('req', '-x509', ...newKey, '-days', '2', '-keyout', 'ca.key', '-out', 'ca.pem', '-subj', `/CN=${name}`);
  return {
    ca: path('ca.pem'),
    issue(subject, names, validity = 'valid') {
      const days = validity === 'valid' ? [-1, 2] : [-3, -1];
      const [start, end] = days.map((offset) => opensslTime(new Date(Date.now() + offset * dayMs)));
      openssl('req', '-new', ...newKey, '-keyout', `${subject}.key`, '-out', `${subject}.csr`, '-subj', `/CN=${subject}`);
      writeFileSync(path('ca.conf'), caConfig(names));
      writeFileSync(path('index.txt'), '');
      const validFor = ['-startdate', start ?? '', '-enddate', end ?? ''];
      openssl('ca', '-batch', '-notext', '-config', 'ca.conf', ...validFor, '-in', `${subject}.csr`, '-out', `${subject}.pem`);
      return { cert: path(`${subject}.pem`), key: path(`${subject}.key`) };
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** YYYYMMDDHHMMSSZ. */
function opensslTime(time: Date): string {
  return `${time.toISOString().slice(0, 19).replace(/\D/g, '')}Z`;
}

function caConfig(names: readonly string[]): string {
  const alternatives = names.map((name) => (/^[0-9.]+$|:/.test(name) ? `IP:${name}` : `DNS:${name}`));
  return `
[ca]
default_ca = own
[own]
certificate = ca.pem
private_key = ca.key
database = index.txt
rand_serial = yes
new_certs_dir = .
default_md = sha256
policy = any
x509_extensions = issued
[any]
commonName = supplied
[issued]
subjectAltName = ${alternatives.join(',')}
`;
}
