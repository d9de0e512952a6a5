-- Lanes: entering them, leaving them, and ringing executors that wait.
-- @include entry
local nobodyIdle, isReady, leaving = {}, {}, {}

-- Rings one executor that waits for this pool. Flags are the truth, the set is a hint: members without a flag are dropped.
local function ring(pool)
  if nobodyIdle[pool] then return end
  while true do
    local popped = redis.call('ZPOPMIN', P .. @idle .. pool)
    local executor = popped[1]
    if not executor then
      nobodyIdle[pool] = true
      return
    end
    local record = P .. @executor .. executor
    if redis.call('HGET', record, 'idle') == '1' then
      redis.call('HSET', record, 'idle', '0')
      if redis.call('SPUBLISH', P .. @inbox .. executor, cmsgpack.pack({ { 'b' } })) > 0 then return end
    end
  end
end

-- Puts a task into a lane and returns the entry's id, which the record must then name.
local function enqueue(pool, rank, id, rows, bytes, signature)
  local name = pool .. ':' .. rank
  local entry = redis.call('XADD', P .. @lane .. name, '*', 't', packEntry(id, rows, bytes, signature))
  if not isReady[name] then
    isReady[name] = true
    if redis.call('ZADD', P .. @ready .. pool, RANKS[rank], rank) == 1 then redis.call('SADD', P .. @lanes, name) end
  end
  ring(pool)
  return entry
end

-- Nothing undelivered is left in this lane.
local function notReady(pool, rank)
  isReady[pool .. ':' .. rank] = nil
  redis.call('ZREM', P .. @ready .. pool, rank)
end

-- Takes an entry out of its lane, delivered or not, when the script ends.
local function leave(pool, rank, entry)
  local lane = P .. @lane .. pool .. ':' .. rank
  local entries = leaving[lane]
  if entries then entries[#entries + 1] = entry else leaving[lane] = { entry } end
end

local function writeLeaving()
  for lane, entries in pairs(leaving) do
    redis.call('XACK', lane, 'w', unpack(entries))
    redis.call('XDEL', lane, unpack(entries))
  end
  leaving = {}
end

-- A lane's entries that nobody was given yet, oldest first, at most `count`, with `after` only later ones; creates a missing group.
local function undelivered(lane, count, after)
  local infos = redis.pcall('XINFO', 'GROUPS', lane)
  if infos.err then return {} end
  local last = '0-0'
  if #infos == 0 then
    redis.call('XGROUP', 'CREATE', lane, 'w', '0')
  else
    local info = infos[1]
    for i = 1, #info, 2 do
      if info[i] == 'last-delivered-id' then last = info[i + 1] end
    end
  end
  return redis.call('XRANGE', lane, '(' .. (after or last), '+', 'COUNT', count)
end
