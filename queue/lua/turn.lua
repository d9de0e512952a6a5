#!lua flags=allow-oom
-- upkeep: whether the caller does a part of it now. Of all processes one does.
-- ARGV  the part, how long nobody else does it, in milliseconds
-- reply 1 or 0
-- @include base
return redis.call('SET', P .. @turn .. ARGV[1], '1', 'PX', ARGV[2], 'NX') and 1 or 0
