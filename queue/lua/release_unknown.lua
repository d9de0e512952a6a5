#!lua flags=allow-oom
-- release, of what an executor does not know that it holds: claims whose answer, and batches handed over whose message, was lost with a
-- connection. Until its next claim nothing is handed to it.
-- ARGV[1] executor, then id and token of each attempt that it knows
-- reply   how many were released, and how many batches were handed to it
-- @include base
-- @include task
-- @include held
-- @include settle/release
local known = {}
for i = 2, #ARGV, 2 do known[ARGV[i] .. ' ' .. ARGV[i + 1]] = true end
local count = 0
for _, item in ipairs(heldBy(ARGV[1])) do
  local task = item[3]
  if not task then drop(item)
  elseif not known[task.id .. ' ' .. task.token] then
    drop(item)
    release(task, 'returned')
    count = count + 1
  end
end
local record = P .. @executor .. ARGV[1]
if redis.call('EXISTS', record) == 1 then redis.call('HSET', record, 'idle', '0') end
conclude()
return { count, tonumber(redis.call('HGET', record, 'handed')) or 0 }
