#!lua flags=allow-oom
-- inspect, of queues: how much waits, runs and ended in each.
-- ARGV  queue names
-- reply for each { { rank, waiting, ... }, running, scheduled, dead, head entry's time or '', bytes, { state, count, ... } }
-- @include base
-- @include lane
local lanes = redis.call('SMEMBERS', P .. @lanes)
local replies = {}
for i, queue in ipairs(ARGV) do
  local waiting, running, oldest = {}, 0, ''
  for _, name in ipairs(lanes) do
    if string.sub(name, 1, #queue + 1) == queue .. ':' then
      local lane = P .. @lane .. name
      local pending = redis.pcall('XPENDING', lane, 'w')
      local held = pending.err and 0 or pending[1]
      local count = redis.call('XLEN', lane) - held
      running = running + held
      if count > 0 then
        local rank = string.match(name, ':([^:]+)$')
        waiting[#waiting + 1] = rank
        waiting[#waiting + 1] = tostring(count)
        local head = undelivered(lane, 1)[1]
        local time = head and string.match(head[1], '^%d+')
        if time and (oldest == '' or tonumber(time) < tonumber(oldest)) then oldest = time end
      end
    end
  end
  replies[i] = { waiting, running, redis.call('ZCARD', P .. @scheduled .. queue), redis.call('ZCARD', P .. @dead .. ':' .. queue),
    oldest, redis.call('HGET', P .. @bytes, queue) or '0', redis.call('HGETALL', P .. @ended .. queue), tostring(now) }
end
return replies
