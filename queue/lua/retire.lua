#!lua flags=allow-oom
-- retire: a worker leaves. Its models stay known but count as live no longer, until another worker's next heartbeat.
-- ARGV  lease, worker, then its models
-- reply nothing
-- @include base
redis.call('DEL', P .. @worker .. ARGV[2])
redis.call('ZREM', P .. @workers, ARGV[2])
for i = 3, #ARGV do redis.call('ZADD', P .. @models, 'XX', now - ARGV[1] - 1, ARGV[i]) end
return 0
