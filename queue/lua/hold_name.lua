#!lua flags=allow-oom
-- hold, of a worker's name: takes it for an instance, or keeps it.
-- ARGV  lease, worker, holder (JSON)
-- reply nothing, or { holder (JSON), ms since it was heard } where another instance holds the name
-- @include base
-- @include worker_name
return hold(ARGV[2], ARGV[3], tonumber(ARGV[1]))
