import { expect, test } from 'vitest';
import { Task } from '../../proto/gen/inferq/v1/task.ts';
import { taskOf } from '../wire/task.ts';

test('a task as JSON is what protobuf makes of it, durations included', () => {
  const execution = {
    attempt: 2,
    queued: { seconds: 3n, nanos: 250_000_000 },
    ran: { seconds: 0n, nanos: 1_500 },
    startTime: new Date('2026-01-02T03:04:05.678Z'),
  };
  const json = JSON.parse(
    JSON.stringify(taskOf(Task.fromPartial({ id: 'x', state: 4, execution, metadata: new Map([['queued', 'yes']]) }))),
  );
  expect(json).toEqual({
    id: 'x',
    state: 'TASK_STATE_SUCCEEDED',
    metadata: { queued: 'yes' },
    execution: { attempt: 2, queued: '3.250s', ran: '0.000001500s', startTime: '2026-01-02T03:04:05.678Z' },
  });
});
