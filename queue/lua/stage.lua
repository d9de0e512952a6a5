#!lua flags=allow-oom
-- stage: an attempt's large output, where a plain SET was refused because memory is full.
-- ARGV key, value, TTL in milliseconds
-- reply nothing
redis.call('SET', ARGV[1], ARGV[2], 'PX', ARGV[3])
return 0
