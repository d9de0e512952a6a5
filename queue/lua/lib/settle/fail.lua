-- fail: ends the task with the attempt. The attempt is spent. failure: { code, message, detail }, ran: as for close
local function fail(task, failure, ran)
  if task.cancelRequested then return finish(task, 'cancelled', CANCELLED_RUNNING, ran) end
  redis.call('HSET', task.record, $charged, text(task.charged + 1), $odd, '1')
  finish(task, 'failed', failure, ran)
end
