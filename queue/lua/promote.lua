#!lua flags=allow-oom
-- promote: moves SCHEDULED tasks that are due into their lanes.
-- ARGV[1] how many at most
-- reply   how many moved
-- @include base
-- @include task
local left = tonumber(ARGV[1])
local count = 0
for _, queue in ipairs(redis.call('SMEMBERS', P .. @scheduledQueues)) do
  local set = P .. @scheduled .. queue
  for _, id in ipairs(redis.call('ZRANGEBYSCORE', set, '-inf', now, 'LIMIT', 0, left)) do
    redis.call('ZREM', set, id)
    local task = load(id)
    if task and task.state == 'scheduled' then
      requeue(task, task.priority)
      count, left = count + 1, left - 1
    end
  end
  if redis.call('ZCARD', set) == 0 then redis.call('SREM', P .. @scheduledQueues, queue) end
end
conclude()
return count
