-- Lanes: entering them, leaving them, and ringing executors that wait.
-- @include entry
-- @include inbox
local isReady, leaving = {}, {}
local toRing, rings = {}, {}

-- One more entry of this pool is there to be claimed: an executor that waits is to be rung when the script ends.
local function ring(pool)
  if not rings[pool] then
    toRing[#toRing + 1] = pool
    rings[pool] = 0
  end
  rings[pool] = rings[pool] + 1
end

-- Takes the executor that has waited longest out of a pool's set, and its flag away. Returns its name, the claim that it would send, packed, or
-- '' where it wants to be rung, and how many batches were handed to it; nil where nobody waits. Flags are the truth, the set is a hint:
-- members without a flag, or without an inbox, are dropped.
local function wakeOne(pool)
  while true do
    local executor = redis.call('ZPOPMIN', P .. @idle .. pool)[1]
    if not executor then return nil end
    local record = P .. @executor .. executor
    local v = redis.call('HMGET', record, 'idle', 'offer', 'handed')
    if v[1] == '1' then
      redis.call('HSET', record, 'idle', '0')
      if listens(executor) then return executor, v[2] or '', v[3] end
    end
  end
end

local function bell(executor)
  redis.call('SPUBLISH', P .. @inbox .. executor, cmsgpack.pack({ { 'b' } }))
end

-- Rings as many executors as there are entries, while any wait.
local function ringAll()
  for _, pool in ipairs(toRing) do
    for _ = 1, rings[pool] do
      local executor = wakeOne(pool)
      if not executor then break end
      bell(executor)
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
