-- retry: charges the attempt and schedules the next one, or ends the task where none is left or the next would start too late.
local function retry(task, failure, delay, ran)
  local due = now + delay
  if task.cancelRequested or task.charged + 1 >= task.maxAttempts or (task.deadline and due >= task.deadline) then
    return fail(task, failure, ran)
  end
  remember(task, cmsgpack.pack(failure), ran)
  setError(task, failure)
  task.notBefore = text(due)
  redis.call('HSET', task.record, $state, 'scheduled', $charged, text(task.charged + 1), $times, timesOf(task, task.queuedAt), $sequence, nextSequence(task))
  redis.call('HDEL', task.record, $token, $place, $executor, $worker, $run)
  redis.call('ZADD', P .. @scheduled .. task.queue, task.notBefore, task.id)
  redis.call('SADD', P .. @scheduledQueues, task.queue)
  if task.deadline then redis.call('ZADD', P .. @due, text(task.deadline), 'exp:' .. task.id) end
  tell(task.id, task.watchers, false)
end
