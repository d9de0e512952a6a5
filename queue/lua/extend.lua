#!lua flags=allow-oom
-- extend: renews leases. XCLAIM with JUSTID resets an entry's idle time and leaves its delivery counter alone; executor and token are the owner check.
-- ARGV[1] executor, then id and token of each attempt
-- reply   for each: 'held' | 'cancel' (held, and cancellation was asked for) | 'lost'
-- @include base

-- FORCE: where the lane's group was dropped and made anew, the entry becomes pending again.
local function renew(lane, entry)
  local reply = redis.pcall('XCLAIM', lane, 'w', ARGV[1], 0, entry, 'FORCE', 'JUSTID')
  if not reply.err then return end
  redis.pcall('XGROUP', 'CREATE', lane, 'w', '0')
  redis.pcall('XCLAIM', lane, 'w', ARGV[1], 0, entry, 'FORCE', 'JUSTID')
end

local replies = {}
for i = 2, #ARGV, 2 do
  local v = redis.call('HMGET', P .. @record .. ARGV[i], $state, $token, $queue, $model, $version, $place, $cancelRequested, $executor)
  if v[1] == 'running' and v[2] == ARGV[i + 1] and v[8] == ARGV[1] then
    local rank, entry = string.match(v[6], '^(%S+) (%S+)$')
    renew(P .. @lane .. v[3] .. ':' .. v[4] .. ':' .. v[5] .. ':' .. rank, entry)
    replies[#replies + 1] = v[7] and 'cancel' or 'held'
  else
    replies[#replies + 1] = 'lost'
  end
end
return replies
