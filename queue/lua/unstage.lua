#!lua flags=allow-oom
-- unstage: takes away large inputs that were SET for tasks which a full Redis then refused. An input without a TTL has its task,
-- and what a SUCCEEDED one has is its result.
-- ARGV  task ids
-- reply nothing
-- @include base
for _, id in ipairs(ARGV) do
  local payload = P .. @payload .. id
  if redis.call('PTTL', payload) >= 0 and redis.call('HGET', P .. @record .. id, $state) ~= 'succeeded' then redis.call('UNLINK', payload) end
end
return 0
