#!lua flags=allow-oom
-- inspect, of executors: the tasks that each runs.
-- ARGV[1] how many ids for each at most, then executors
-- reply   for each { id, ... }
-- @include base
-- @include entry
local limit = tonumber(ARGV[1])
local held, replies = {}, {}
for i = 2, #ARGV do
  replies[i - 1] = {}
  held[ARGV[i]] = replies[i - 1]
end
for _, name in ipairs(redis.call('SMEMBERS', P .. @lanes)) do
  local lane = P .. @lane .. name
  local summary = redis.pcall('XPENDING', lane, 'w')
  for _, consumer in ipairs(not summary.err and summary[4] or {}) do
    local ids = held[consumer[1]]
    if ids and #ids < limit then
      for _, item in ipairs(redis.call('XPENDING', lane, 'w', '-', '+', limit - #ids, consumer[1])) do
        local entry = redis.call('XRANGE', lane, item[1], item[1])[1]
        if entry then ids[#ids + 1] = taskOf(entry) end
      end
    end
  end
end
return replies
