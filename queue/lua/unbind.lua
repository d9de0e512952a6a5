#!lua flags=allow-oom
-- unbind: a call holds its task no longer. Where it broke off and no other call holds the task, that is to be cancelled later.
-- ARGV[1] id, ARGV[2] call, ARGV[3] milliseconds until the task is cancelled, or '' where the call was answered
-- reply   nothing
-- @include base
local record = P .. @record .. ARGV[1]
local held, others = false, {}
for call in string.gmatch(redis.call('HGET', record, $calls) or '', '%S+') do
  local inbox = P .. @inbox .. string.match(call, '^(.*)/')
  if call == ARGV[2] then held = true
  -- A server that was killed does not tell of its calls, but nobody listens to its inbox any more.
  elseif redis.call('PUBSUB', 'SHARDNUMSUB', inbox)[2] > 0 then others[#others + 1] = call end
end
-- A call that is not named has said so before, or its task has ended.
if not held then return 0 end
if #others > 0 then
  redis.call('HSET', record, $calls, table.concat(others, ' '))
else
  redis.call('HDEL', record, $calls)
  if ARGV[3] ~= '' then redis.call('ZADD', P .. @due, now + ARGV[3], 'cut:' .. ARGV[1]) end
end
return 0
