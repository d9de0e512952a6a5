/** What `npm test` runs: finds or downloads a Redis server, runs vitest with the arguments given, and counts at the end. */

import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { constants, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Failure } from '@inferq/cli/failure.ts';
import { findRedisServer } from '@inferq/cli/up/redis-binary.ts';

const root = dirname(import.meta.dirname);

/** What vitest's JSON report counts. */
interface Counts {
  numPassedTests: number;
  numFailedTests: number;
  numPendingTests: number;
  numTodoTests: number;
  testResults: { status: string; assertionResults: unknown[] }[];
}

/** "N passed, N failed, N skipped"; a file that could not be run at all counts as one failure. */
function summary(report: Counts): string {
  const broken = report.testResults.filter((file) => file.status === 'failed' && file.assertionResults.length === 0).length;
  const skipped = report.numPendingTests + report.numTodoTests;
  return `${report.numPassedTests} passed, ${report.numFailedTests + broken} failed, ${skipped} skipped`;
}

function vitest(args: string[], reportFile: string): Promise<number> {
  const vitestFolder = dirname(createRequire(import.meta.url).resolve('vitest/package.json'));
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${reportFile}`];
  const child = spawn(process.execPath, [join(vitestFolder, 'vitest.mjs'), 'run', ...reporters, ...args], { cwd: root, stdio: 'inherit' });
  // Ctrl-C reaches vitest by itself; it tells us by ending.
  process.on('SIGINT', () => {});
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code, signal) => resolve(code ?? 128 + constants.signals[signal ?? 'SIGTERM']));
  });
}

const folder = mkdtempSync(join(tmpdir(), 'inferq-test-'));
try {
  await findRedisServer({ download: true });
  const reportFile = join(folder, 'report.json');
  process.exitCode = await vitest(process.argv.slice(2), reportFile);
  process.stdout.write(`${summary(JSON.parse(readFileSync(reportFile, 'utf8')))}\n`);
} catch (error) {
  process.exitCode ||= 1;
  process.stderr.write(error instanceof Failure ? `${error.message}\n` : `The tests could not be counted: ${(error as Error).message}\n`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
