-- @include task
-- cancel(task, force): a task that waits ends at once; a running one is asked to stop, with force it ends at once too.
local function cancel(task, force)
  if terminal(task) then return end
  if task.state == 'scheduled' then
    redis.call('ZREM', P .. @scheduled .. task.queue, task.id)
    return finish(task, 'cancelled', CANCELLED)
  end
  if task.state == 'queued' then
    leave(task.pool, task.rank, task.entry)
    return finish(task, 'cancelled', CANCELLED)
  end
  post(task.executor, { 'x', task.id, force and 1 or 0 }, 100)
  if force then
    leave(task.pool, task.rank, task.entry)
    return finish(task, 'cancelled', CANCELLED)
  end
  if not task.cancelRequested then
    redis.call('HSET', task.record, $cancelRequested, '1', $odd, '1', $sequence, nextSequence(task))
    tell(task.id, task.watchers, false)
  end
end
