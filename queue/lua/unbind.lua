#!lua flags=allow-oom
-- unbind: a call holds its task no longer. Where it broke off and no other call holds the task, that is to be cancelled later. Others whose servers
-- Redis does not see may come back, as all do after Redis itself was away: they have longer, and are looked at once more then (expire.lua).
-- ARGV[1] id, ARGV[2] call, ARGV[3] milliseconds until the task is cancelled, or '' where the call was answered
-- reply   nothing
-- @include base
-- @include calls
local record = P .. @record .. ARGV[1]
local held, others = false, {}
for call in string.gmatch(redis.call('HGET', record, $calls) or '', '%S+') do
  if call == ARGV[2] then held = true else others[#others + 1] = call end
end
-- A call that is not named has said so before, or its task has ended.
if not held then return 0 end
local left = table.concat(others, ' ')
if left == '' then redis.call('HDEL', record, $calls) else redis.call('HSET', record, $calls, left) end
if ARGV[3] ~= '' and not anyHeard(left) then
  local grace = left == '' and tonumber(ARGV[3]) or math.max(ARGV[3], %unseenGrace)
  redis.call('ZADD', P .. @due, text(now + grace), 'cut:' .. ARGV[1])
end
return 0
