#!lua flags=allow-oom
-- strike: takes an executor off the register first, so that a claim of its that is still under way is refused, then settles what it held.
-- A crash with several tasks proves nothing about any: all go to solo, uncharged. A task that was alone is charged.
-- ARGV[1] executor, ARGV[2] 'crash' or 'shutdown', ARGV[3] how it ended
-- reply   how many tasks it held
-- @include base
-- @include task
-- @include held
-- @include settle/fail
-- @include settle/release
local executor, crash = ARGV[1], ARGV[2] == 'crash'
redis.call('DEL', P .. @executor .. executor)
redis.call('ZREM', P .. @executors, executor)

local held = heldBy(executor)
local tasks = {}
for _, item in ipairs(held) do
  drop(item)
  if item[3] then tasks[#tasks + 1] = item[3] end
end
local failure = { 'EXECUTOR_CRASHED', 'The executor that ran the task ended: ' .. ARGV[3] .. '.', '' }
for _, task in ipairs(tasks) do
  if not crash then release(task, 'returned')
  elseif #tasks > 1 or task.cancelRequested then release(task, 'solo', failure)
  elseif task.charged + 1 >= task.maxAttempts then fail(task, failure)
  else
    redis.call('HSET', task.record, $charged, text(task.charged + 1), $odd, '1')
    release(task, 'solo', failure)
  end
end
for _, name in ipairs(redis.call('SMEMBERS', P .. @lanes)) do redis.pcall('XGROUP', 'DELCONSUMER', P .. @lane .. name, 'w', executor) end
conclude()
return #tasks
