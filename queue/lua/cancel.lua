#!lua flags=allow-oom
-- cancel: a durable request to stop a task, now or when a call that broke off was not taken up again.
-- ARGV[1] id, ARGV[2] '1' with force, ARGV[3] milliseconds from now, or ''
-- reply   the task's snapshot, or false for an unknown id
-- @include base
-- @include cancel
local task = load(ARGV[1])
if task then
  if ARGV[3] == '' then cancel(task, ARGV[2] == '1')
  elseif not terminal(task) then redis.call('ZADD', P .. @due, now + ARGV[3], 'cut:' .. task.id) end
end
conclude()
return snapshot(ARGV[1])
