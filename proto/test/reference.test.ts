import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '../..');

test('the reference of the protocol is what the .proto files say now', () => {
  const folder = mkdtempSync(join(tmpdir(), 'inferq-reference-'));
  try {
    const page = join(folder, 'protocol.md');
    execFileSync(process.execPath, [join(root, 'proto/reference/main.ts'), page]);
    const generated = readFileSync(page, 'utf8');
    expect(generated).toContain('| WatchResult | [WatchResultRequest](#watchresultrequest) | stream [WatchResultResponse]');
    expect(generated).toContain('| 3 | `shape` | repeated int64 | The size');
    expect(generated).toContain('| 4 | `raw` | bytes | One of `data`. ');
    expect(readFileSync(join(root, 'docs/protocol.md'), 'utf8'), 'run npm run generate, and commit docs/protocol.md').toBe(generated);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
