-- retry: charges the attempt and schedules the next one, or ends the task where none is left or the next would start too late.
local function retry(task, failure, delay)
  local due = now + delay
  if task.cancelRequested or task.charged + 1 >= task.maxAttempts or (task.deadline and due >= task.deadline) then
    return fail(task, failure)
  end
  remember(task, cmsgpack.pack(failure))
  setError(task, failure)
  redis.call('HSET', task.record, $state, 'scheduled', $charged, task.charged + 1, $notBefore, due, $sequence, nextSequence(task))
  redis.call('HDEL', task.record, $token, $entry, $rank, $executor, $worker, $device, $started, $ranMs, $batchTasks, $batchRows)
  redis.call('ZADD', P .. @scheduled .. task.queue, due, task.id)
  redis.call('SADD', P .. @scheduledQueues, task.queue)
  if task.deadline then redis.call('ZADD', P .. @due, task.deadline, 'exp:' .. task.id) end
  tell(task.id, task.watchers)
end
