#!lua flags=allow-oom
-- inspect, of executors: the tasks that each runs.
-- ARGV[1] how many ids for each at most, then executors
-- reply   for each { id, ... }
-- @include base
local lanes = redis.call('SMEMBERS', P .. @lanes)
local replies = {}
for i = 2, #ARGV do
  local ids = {}
  for _, name in ipairs(lanes) do
    local lane = P .. @lane .. name
    local pending = redis.pcall('XPENDING', lane, 'w', '-', '+', ARGV[1], ARGV[i])
    if not pending.err then
      for _, item in ipairs(pending) do
        local entry = redis.call('XRANGE', lane, item[1], item[1])[1]
        if entry and #ids < tonumber(ARGV[1]) then ids[#ids + 1] = entry[2][2] end
      end
    end
  end
  replies[i - 1] = ids
end
return replies
