#!lua flags=allow-oom
-- dead: a page of dead letters, newest first, that pass a filter.
-- ARGV  model or '', queue or '', codes separated by spaces or '', after or '-inf', before or '+inf', page size, last id or '', its end time
-- reply { { snapshot, ... }, id to go on from or '', its end time }; looks at 5,000 at most, so a page may be short and yet not the last
-- @include base
-- @include snapshot
local model, codes, size = ARGV[1], ' ' .. ARGV[3] .. ' ', tonumber(ARGV[6])
local set = P .. @dead .. (ARGV[2] ~= '' and ':' .. ARGV[2] or '')

-- Where to go on after a letter that may be gone by now: letters of one millisecond stand in the order of their ids.
local function rankAfter(id, time)
  local known = redis.call('ZREVRANK', set, id)
  if known then return known + 1 end
  local rank = redis.call('ZCOUNT', set, '(' .. time, '+inf')
  for _, other in ipairs(redis.call('ZRANGEBYSCORE', set, time, time)) do
    if other > id then rank = rank + 1 end
  end
  return rank
end

local rank
if ARGV[7] ~= '' then
  rank = rankAfter(ARGV[7], ARGV[8])
else
  rank = ARGV[5] == '+inf' and 0 or redis.call('ZCOUNT', set, '(' .. ARGV[5], '+inf')
end

local function passes(id)
  local v = redis.call('HMGET', P .. @record .. id, $model, $hasError)
  if not v[1] or (model ~= '' and v[1] ~= model) then return false end
  if codes == '  ' then return true end
  local failure = v[2] and redis.call('GET', P .. @error .. id)
  return failure and string.find(codes, ' ' .. cmsgpack.unpack(failure)[1] .. ' ', 1, true)
end

local found, last, at = {}, '', ''
local listed = redis.call('ZREVRANGE', set, rank, rank + 4999, 'WITHSCORES')
for i = 1, #listed, 2 do
  if ARGV[4] ~= '-inf' and tonumber(listed[i + 1]) < tonumber(ARGV[4]) then return { found, '', '' } end
  last, at = listed[i], listed[i + 1]
  if passes(last) then found[#found + 1] = snapshot(last) end
  if #found >= size then
    return { found, i + 1 < #listed and last or (redis.call('ZREVRANK', set, last) + 1 < redis.call('ZCARD', set) and last or ''), at }
  end
end
return { found, #listed == 10000 and last or '', at }
