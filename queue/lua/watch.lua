#!lua flags=allow-oom
-- watch and inspect: what tasks look like now and, with an inbox, that this inbox is told of every change from here on.
-- ARGV[1] inbox or '', then ids
-- reply   for each id its snapshot, or false
-- @include base
-- @include snapshot
local inbox = ARGV[1]
local ended = { succeeded = true, failed = true, cancelled = true, expired = true }
local replies = {}
for i = 2, #ARGV do
  local record = P .. @record .. ARGV[i]
  if inbox ~= '' then
    local v = redis.call('HMGET', record, $state, $watchers)
    local watchers = v[2] or ''
    if v[1] and not ended[v[1]] and not string.find(' ' .. watchers .. ' ', ' ' .. inbox .. ' ', 1, true) then
      redis.call('HSET', record, $watchers, watchers == '' and inbox or watchers .. ' ' .. inbox)
    end
  end
  replies[i - 1] = snapshot(ARGV[i])
end
return replies
