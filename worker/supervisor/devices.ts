/** Which devices a worker's executors own: `cpu,cpu`, `0,1` (GPU ordinals) or `auto`. */

import { execFile } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { shown } from '@inferq/core/names.ts';
import { UsageError } from '../usage-error.ts';

/** One executor's device. `visible` is its CUDA_VISIBLE_DEVICES, which leaves a GPU executor one device and a CPU executor none. */
export interface Device {
  /** `cpu`, or `cuda:` and the ordinal as the user counts. */
  label: string;
  engineDevice: 'cpu' | 'cuda:0';
  visible: string;
}

/** GPUs as this process may see them, and how that is known. */
export interface GpuSurvey {
  /** One entry for each GPU, as CUDA_VISIBLE_DEVICES names it. */
  gpus: string[];
  how: string;
}

const maxExecutors = 64;
const cpu: Device = { label: 'cpu', engineDevice: 'cpu', visible: '' };

/**
 * The devices that `text` names, and why they were chosen. Throws UsageError for what is no device. `survey` is asked for
 * `auto`; `visible` is this process' own CUDA_VISIBLE_DEVICES, within which ordinals count.
 */
export async function chooseDevices(
  text: string,
  visible: string | undefined,
  survey: () => Promise<GpuSurvey>,
): Promise<{ devices: Device[]; why: string }> {
  if (text !== 'auto') return { devices: listDevices(text, visible), why: 'as asked' };
  const { gpus, how } = await survey();
  if (gpus.length === 0) return { devices: [cpu], why: how };
  return { devices: gpus.slice(0, maxExecutors).map((id, ordinal) => gpu(String(ordinal), id)), why: how };
}

function listDevices(text: string, visible: string | undefined): Device[] {
  const names = text.split(',').map((part) => part.trim());
  if (names.length > maxExecutors) throw new UsageError(`--devices names ${names.length} devices; a worker has at most ${maxExecutors}.`);
  const allowed = visible === undefined ? undefined : visibleIds(visible);
  return names.map((name, index) => {
    if (name === 'cpu') return cpu;
    if (!/^(0|[1-9][0-9]{0,2})$/.test(name)) {
      throw new UsageError(`--devices: "${shown(name)}" is not a device; use cpu, the number of a GPU such as 0, or auto alone.`);
    }
    if (names.indexOf(name) !== index) throw new UsageError(`--devices names GPU ${name} twice; one executor owns one GPU.`);
    const id = allowed === undefined ? name : allowed[Number(name)];
    if (id === undefined) {
      throw new UsageError(
        `--devices: there is no GPU ${name}, because CUDA_VISIBLE_DEVICES="${shown(visible ?? '')}" shows ${allowed?.length}.`,
      );
    }
    return gpu(name, id);
  });
}

function gpu(ordinal: string, id: string): Device {
  return { label: `cuda:${ordinal}`, engineDevice: 'cuda:0', visible: id };
}

function visibleIds(visible: string): string[] {
  return visible.split(',').filter((id) => id.trim() !== '');
}

/** Looks for GPUs: CUDA_VISIBLE_DEVICES where it is set, else what the driver's tool or its files tell. */
export async function surveyGpus(): Promise<GpuSurvey> {
  const visible = process.env.CUDA_VISIBLE_DEVICES;
  if (visible !== undefined) return { gpus: visibleIds(visible), how: `CUDA_VISIBLE_DEVICES="${visible}"` };
  const listed = await listedByDriver();
  if (listed.length > 0) return { gpus: listed, how: `nvidia-smi lists ${listed.length}` };
  const cards = await readdir('/proc/driver/nvidia/gpus').catch(() => []);
  if (cards.length > 0) return { gpus: cards.map((_, ordinal) => String(ordinal)), how: `/proc/driver/nvidia/gpus lists ${cards.length}` };
  return { gpus: [], how: 'no GPU was found: nvidia-smi and /proc/driver/nvidia/gpus list none' };
}

function listedByDriver(): Promise<string[]> {
  return new Promise((resolve) => {
    execFile('nvidia-smi', ['-L'], { timeout: 10_000 }, (error, stdout) => {
      const lines = error ? [] : stdout.split('\n').filter((line) => /^GPU [0-9]+:/.test(line));
      resolve(lines.map((_, ordinal) => String(ordinal)));
    });
  });
}
