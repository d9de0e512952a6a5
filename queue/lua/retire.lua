#!lua flags=allow-oom
-- retire: a worker leaves. Its models stay known but count as live no longer, until another worker's next heartbeat.
-- Nothing is done where another instance has taken the name.
-- ARGV  lease, worker, holder (JSON), then its models
-- reply nothing
-- @include base
local held = redis.call('GET', P .. @workerName .. ARGV[2])
if held and held ~= ARGV[3] then return 0 end
redis.call('DEL', P .. @workerName .. ARGV[2])
redis.call('DEL', P .. @worker .. ARGV[2])
redis.call('ZREM', P .. @workers, ARGV[2])
for i = 4, #ARGV do redis.call('ZADD', P .. @models, 'XX', now - ARGV[1] - 1, ARGV[i]) end
return 0
