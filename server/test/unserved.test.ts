import { indexRegistry, unservedReason } from '@inferq/server/use-cases/registry/known-models.ts';
import { expect, test } from 'vitest';
import { modelSpec, workerEntry } from './support/broker.ts';
import { snapshotOf } from './support/fake-queue.ts';

const models = ['1', '2', '3'].map((version) => modelSpec({ version }));
const served = (queue: string, version: string) => workerEntry(`${queue}-${version}`, [queue], [{ name: 'echo', version }]);
const reason = (workers: ReturnType<typeof served>[], state: 'queued' | 'scheduled' | 'running' = 'queued') =>
  unservedReason(indexRegistry({ workers, models, queues: [] }, []), snapshotOf('id', { state, version: '3' }));

test.each([
  ['the version', [served('default', '2')], 'echo:3 is not served; echo:2 is'],
  ['the version, of several', [served('default', '1'), served('default', '2')], 'echo:3 is not served; echo:2, echo:1 are'],
  ['the queue', [served('batch', '3')], 'echo:3 is not served in queue default; in batch it is'],
  ['that there is no worker', [], 'no live worker serves echo:3 in queue default'],
  ['a worker for something else', [served('batch', '2')], 'no live worker serves echo:3 in queue default'],
])('where %s is the reason, it says so', (_, workers, sentence) => {
  expect(reason(workers)).toBe(sentence);
  expect(reason(workers, 'scheduled')).toBe(sentence);
});

test('a task that is served or does not wait has no reason', () => {
  expect(reason([served('default', '3')])).toBeUndefined();
  expect(reason([], 'running')).toBeUndefined();
});
