#!lua flags=allow-oom
-- unstage: takes away large inputs that were SET for tasks which a full Redis then refused. An input without a TTL has its task.
-- ARGV  task ids
-- reply nothing
-- @include base
for _, id in ipairs(ARGV) do
  local input = P .. @input .. id
  if redis.call('PTTL', input) >= 0 then redis.call('UNLINK', input) end
end
return 0
