#!lua flags=allow-oom
-- expire: ends tasks that were not started before their start deadline, and cancels those whose calls broke off and stayed away.
-- ARGV[1] how many at most
-- reply   how many ended
-- @include base
-- @include cancel
-- @include calls
local count = 0
for _, member in ipairs(redis.call('ZRANGEBYSCORE', P .. @due, '-inf', now, 'LIMIT', 0, ARGV[1])) do
  redis.call('ZREM', P .. @due, member)
  local kind, id = string.match(member, '^(%a+):(.*)$')
  local task = load(id)
  if task and not terminal(task) then
    if kind == 'cut' then
      -- Another call's server may have come back since.
      if not anyHeard(task.calls) then
        cancel(task, false)
        count = count + 1
      end
    elseif task.state ~= 'running' then
      if task.state == 'queued' then leave(task.pool, task.rank, task.entry) else redis.call('ZREM', P .. @scheduled .. task.queue, id) end
      finish(task, 'expired', { 'START_DEADLINE', 'The task was not started before its start deadline.', '' })
      count = count + 1
    end
  end
end
conclude()
return count
