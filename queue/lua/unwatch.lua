#!lua flags=allow-oom
-- unwatch: an inbox wants no more events of these tasks.
-- ARGV[1] inbox, then ids
-- reply   nothing
-- @include base
for i = 2, #ARGV do
  local record = P .. @record .. ARGV[i]
  local watchers = redis.call('HGET', record, $watchers)
  if watchers then
    local rest = {}
    for inbox in string.gmatch(watchers, '%S+') do
      if inbox ~= ARGV[1] and inbox ~= '.' .. ARGV[1] then rest[#rest + 1] = inbox end
    end
    if #rest == 0 then redis.call('HDEL', record, $watchers) else redis.call('HSET', record, $watchers, table.concat(rest, ' ')) end
  end
end
return 0
