#!lua flags=allow-oom
-- emit: streams pieces of output and progress of running attempts.
-- ARGV[1]   msgpack { { id, token, kind, index, fraction or '', message }, ... }; kind 'chunk' or 'progress'
-- ARGV[1+i] a chunk's payload
-- reply     for each: 'held' | 'cancel' | 'lost' | 'overflow' | 'gap' (an earlier chunk is not there yet: send it again)
-- @include base
-- @include publish

local function chunk(id, record, v, index, payload)
  local known = tonumber(v[4]) or 0
  if index < known then return end
  if v[9] then return 'overflow' end
  if index > known then return 'gap' end
  local bytes = (tonumber(v[5]) or 0) + #payload
  if bytes > %chunkBytesPerTask then
    redis.call('HSET', record, $overflowed, '1', $odd, '1')
    return 'overflow'
  end
  local sequence = redis.call('HINCRBY', record, $sequence, '1')
  redis.call('XADD', P .. @log .. id, sequence .. '-0', 'a', v[6], 'i', text(index), 't', nowText, 'p', payload)
  redis.call('HSET', record, $chunks, text(index + 1), $lastChunk, text(sequence), $chunkBytes, text(bytes), $odd, '1')
  tellChunk(id, v[7], sequence, tonumber(v[6]), index, payload)
end

local function progress(id, record, v, fraction, message)
  local long = #message > 64
  if long then redis.call('SET', P .. @progress .. id, message) elseif v[8] == '' then redis.call('UNLINK', P .. @progress .. id) end
  redis.call('HSET', record, $progressMessage, long and '' or message, $odd, '1')
  if fraction == '' then redis.call('HDEL', record, $progressFraction) else redis.call('HSET', record, $progressFraction, fraction) end
  redis.call('HINCRBY', record, $sequence, '1')
  tell(id, v[7], false)
end

local replies = {}
for i, item in ipairs(cmsgpack.unpack(ARGV[1])) do
  local id = item[1]
  local record = P .. @record .. id
  local v = redis.call('HMGET', record, $state, $token, $cancelRequested, $chunks, $chunkBytes, $attempt, $watchers, $progressMessage, $overflowed)
  if v[1] ~= 'running' or v[2] ~= item[2] then
    replies[i] = 'lost'
  else
    local problem
    if item[3] == 'chunk' then problem = chunk(id, record, v, item[4], ARGV[1 + i]) else progress(id, record, v, item[5], item[6]) end
    replies[i] = problem or (v[3] and 'cancel') or 'held'
  end
end
publish()
return replies
