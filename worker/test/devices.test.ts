import { expect, test } from 'vitest';
import { checkWorkerOptions } from '../options.ts';
import { chooseDevices } from '../supervisor/devices.ts';
import { checkedWorkerName, defaultWorkerName, executorName, variedName } from '../supervisor/names.ts';

const noGpu = async () => ({ gpus: [], how: 'none found' });
const twoGpus = async () => ({ gpus: ['0', '1'], how: 'two found' });

async function labels(text: string, visible?: string, survey = noGpu as () => Promise<{ gpus: string[]; how: string }>) {
  const { devices } = await chooseDevices(text, visible, survey);
  return devices.map(({ label, visible: id }) => `${label}=${id}`);
}

test('every named device gets an executor that sees this device alone', async () => {
  expect(await labels('cpu,cpu')).toEqual(['cpu=', 'cpu=']);
  expect(await labels('0,1')).toEqual(['cuda:0=0', 'cuda:1=1']);
});

test('GPU numbers count within the GPUs that the worker itself may see', async () => {
  expect(await labels('0,1', '3,GPU-5ac')).toEqual(['cuda:0=3', 'cuda:1=GPU-5ac']);
  await expect(labels('2', '3,4')).rejects.toThrow('there is no GPU 2');
  await expect(labels('0', '')).rejects.toThrow('shows 0');
});

test('auto takes every GPU, or one CPU where there is none, and says why', async () => {
  expect(await labels('auto', undefined, twoGpus)).toEqual(['cuda:0=0', 'cuda:1=1']);
  expect(await labels('auto')).toEqual(['cpu=']);
  expect((await chooseDevices('auto', undefined, noGpu)).why).toBe('none found');
});

test.each([
  ['', 'is not a device'],
  ['gpu', 'is not a device'],
  ['cpu,auto', 'is not a device'],
  ['-1', 'is not a device'],
  ['0,0', 'names GPU 0 twice'],
  [Array(65).fill('cpu').join(','), 'at most 64'],
])('devices "%s" are refused: %s', async (text, problem) => {
  await expect(labels(text)).rejects.toThrow(problem);
});

test('a name made of the host fits the rule, whatever the host is called', () => {
  expect(defaultWorkerName('gpu-01', 7)).toBe('gpu-01-7');
  expect(checkedWorkerName(defaultWorkerName('Zoë’s laptop'.repeat(9), 4_194_304))).toHaveLength(48);
  expect(defaultWorkerName('', 7)).toBe('worker-7');
});

test('a worker name that would not fit into names of executors is refused', () => {
  expect(() => checkedWorkerName('a'.repeat(49))).toThrow('at most 48');
  expect(() => checkedWorkerName('a b')).toThrow('is not a valid worker name');
});

test('a random tail sets a name apart, and its length stays within the rule', () => {
  const random = Uint8Array.of(0, 1, 29, 30, 31);
  expect(variedName('host-1', random)).toBe('host-1-01xyz');
  expect(variedName('a'.repeat(48), random)).toBe(`${'a'.repeat(42)}-01xyz`);
});

test('each start of an executor has a name of its own', () => {
  expect(executorName('w', 3, Uint8Array.of(0, 1, 2, 3, 28, 29, 30, 31))).toBe('w-3-0123wxyz');
});

test.each([
  [{ redisUrl: 'localhost:6379' }, 'The Redis URL must look like'],
  [{ repository: '' }, 'A model repository is needed'],
  [{ graceMs: -1 }, 'The grace time must be a whole number'],
  [{ leaseMs: 10 }, 'The lease must be a whole number'],
  [{ threads: 0 }, 'The number of threads must be a whole number from 1 to 1024'],
  [{ logLevel: 'loud' as 'info' }, 'The log level must be one of debug'],
])('options with %j are refused: %s', (wrong, problem) => {
  expect(() => checkWorkerOptions({ redisUrl: 'redis://127.0.0.1:6379', repository: 'models', ...wrong })).toThrow(problem);
});
