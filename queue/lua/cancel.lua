#!lua flags=allow-oom
-- cancel: a durable request to stop a task.
-- ARGV[1] id, ARGV[2] '1' with force
-- reply   the task's snapshot, or false for an unknown id
-- @include base
-- @include cancel
local task = load(ARGV[1])
if task then cancel(task, ARGV[2] == '1') end
conclude()
return snapshot(ARGV[1])
