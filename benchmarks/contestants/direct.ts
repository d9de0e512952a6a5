/** Servers without a queue: one that runs the model in the call, and one that does nothing. */

import { startProgram } from './program.ts';

export interface DirectServer {
  readonly pid: number;
  /** HOST:PORT. */
  readonly address: string;
  stop(): Promise<void>;
}

async function start(file: string, args: readonly string[]): Promise<DirectServer> {
  const program = await startProgram(process.execPath, [`benchmarks/peers/direct/${file}`, ...args], {
    env: { ORT_DISABLE_TELEMETRY: '1' },
  });
  return { pid: program.pid, address: `127.0.0.1:${program.ready.port}`, stop: () => program.stop() };
}

/** The ceiling of the transport: answers Submit with a fixed id. */
export function startNoop(): Promise<DirectServer> {
  return start('noop.ts', []);
}

/** A direct call: runs this ONNX file in the server's process, one request at a time. */
export function startDirect(modelFile: string): Promise<DirectServer> {
  return start('model.ts', [modelFile]);
}
