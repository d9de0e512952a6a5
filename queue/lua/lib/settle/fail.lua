-- fail: ends the task with the attempt. The attempt is spent. item: { code, message, detail }
local function fail(task, failure)
  if task.cancelRequested then return finish(task, 'cancelled', { 'CANCELLED', 'The task was cancelled while it ran.', '' }) end
  redis.call('HSET', task.record, $charged, task.charged + 1)
  finish(task, 'failed', failure)
end
