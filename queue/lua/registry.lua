#!lua flags=allow-oom
-- inspect, of the registry.
-- ARGV[1] lease
-- reply   { { live worker (JSON), ... }, { model (JSON), ... }, { queue, ... } }
-- @include base
local function read(set, from, fragment)
  local found = {}
  for _, name in ipairs(redis.call('ZRANGEBYSCORE', P .. set, from, '+inf')) do
    found[#found + 1] = redis.call('GET', P .. fragment .. name) or nil
  end
  return found
end
return { read(@workers, now - ARGV[1], @worker), read(@models, '-inf', @model), redis.call('ZRANGEBYSCORE', P .. @queues, now - %registryTtl, '+inf') }
