/** Load from ghz, a load generator of its own for gRPC: its costs are not ours. */

import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { SubmitRequest } from '@inferq/proto/gen/inferq/v1/broker.ts';
import { LeftOut, type Setup } from '../scenario.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const descriptors = join(root, 'proto/gen/descriptors.binpb');
const run = promisify(execFile);
const outputLimit = 64 * 1024 * 1024;

export interface Load {
  /** HOST:PORT. */
  address: string;
  request: SubmitRequest;
  /** Calls in all. */
  total: number;
  /** Calls under way at a time. */
  concurrency: number;
  connections: number;
}

export interface LoadResult {
  callsPerSecond: number;
  p50Ms: number;
  p99Ms: number;
}

interface Report {
  count: number;
  rps: number;
  statusCodeDistribution: Record<string, number>;
  latencyDistribution: { percentage: number; latency: number }[] | null;
  errorDistribution: Record<string, number>;
}

/** Where ghz is: on the PATH, or where the continuous integration builds it. */
export function findGhz(): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(delimiter), join(root, '.tools/bin')];
  return folders.map((folder) => join(folder, 'ghz')).find((file) => existsSync(file));
}

/** The binary of a setup. Throws LeftOut where there is none. */
export function ghzOf(setup: Setup): string {
  if (setup.ghz === undefined) throw new LeftOut('ghz is not installed: go install github.com/bojand/ghz/cmd/ghz@v0.121.0');
  return setup.ghz;
}

/** Calls Submit. Throws where a call did not answer OK. */
export async function submitLoad(ghz: string, { address, request, total, concurrency, connections }: Load): Promise<LoadResult> {
  const folder = mkdtempSync(join(tmpdir(), 'inferq-ghz-'));
  try {
    const file = join(folder, 'request.binpb');
    writeFileSync(file, SubmitRequest.encode(request).finish());
    const options = ['--insecure', '--protoset', descriptors, '--call', 'inferq.v1.Broker.Submit', '--binary-file', file];
    const amounts = ['--total', String(total), '--concurrency', String(concurrency), '--connections', String(connections)];
    const { stdout } = await run(ghz, [...options, ...amounts, '--timeout', '60s', '--format', 'json', address], {
      maxBuffer: outputLimit,
    });
    const report = JSON.parse(stdout) as Report;
    if (report.statusCodeDistribution.OK !== total) {
      throw new Error(
        `of ${total} calls not all answered OK: ${JSON.stringify({ ...report.statusCodeDistribution, ...report.errorDistribution })}`,
      );
    }
    const latency = (percentage: number) =>
      (report.latencyDistribution?.find((one) => one.percentage === percentage)?.latency ?? Number.NaN) / 1e6;
    return { callsPerSecond: report.rps, p50Ms: latency(50), p99Ms: latency(99) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
