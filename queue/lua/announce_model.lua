#!lua flags=allow-oom
-- announce, of a model: makes it known, unless a live executor serves other files under the same version.
-- ARGV  lease, model:version, digest, announcement (JSON), its queue
-- reply 'announced' | 'conflict'
-- @include base
local seen = redis.call('ZSCORE', P .. @models, ARGV[2])
if seen and now - seen <= tonumber(ARGV[1]) then
  local known = redis.call('GET', P .. @model .. ARGV[2])
  if known and cjson.decode(known).digest ~= ARGV[3] then return 'conflict' end
end
redis.call('SET', P .. @model .. ARGV[2], ARGV[4], 'PX', %registryTtl)
redis.call('ZADD', P .. @models, now, ARGV[2])
redis.call('ZADD', P .. @queues, now, ARGV[5])
return 'announced'
