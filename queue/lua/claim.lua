#!lua flags=allow-oom
-- claim: the next batch for an executor.
-- ARGV[1] msgpack request (lib/claim.lua)
-- reply   as lib/claim.lua returns it
-- @include base
-- @include claim
local reply = claim(cmsgpack.unpack(ARGV[1]))
conclude()
return reply
