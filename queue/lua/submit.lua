#!lua
-- submit: makes records, inputs and lane entries of new tasks. Refused by a full Redis (no allow-oom), on purpose.
-- ARGV[1]  msgpack { { maxTasks, maxBytes, retainedBytes }, { item, ... } }, item =
--          { id, queue, pool, rank, rows, bytes, signature, idempotency, digest, delay, notBefore, within, deadline, inbox, metadata, large, { field, value, ... } }
--          where '' and -1 stand for "none", 0 for no metadata; `large`: the input was SET beforehand, with a TTL
-- ARGV[1+i] the input of item i, '' where large; behind them what `metadata` counts: cmsgpack cannot read msgpack's bytes
-- reply    one for each item: { 'accepted', submitted } | { 'duplicate', snapshot } | { 'conflict', id } | { 'full', what } | { 'missing' }
-- @include base
-- @include task
local request = cmsgpack.unpack(ARGV[1])
local maxTasks, maxBytes, retainedBytes = request[1][1], request[1][2], request[1][3]

-- Waiting and scheduled tasks of a queue, walked over its lanes.
local function countWaiting(queue)
  local count = redis.call('ZCARD', P .. @scheduled .. queue)
  for _, lane in ipairs(redis.call('SMEMBERS', P .. @lanes)) do
    if string.sub(lane, 1, #queue + 1) == queue .. ':' then
      count = count + redis.call('XLEN', P .. @lane .. lane)
      local pending = redis.pcall('XPENDING', P .. @lane .. lane, 'w')
      if not pending.err then count = count - pending[1] end
    end
  end
  return count
end

-- What is full for one more task, if anything. The count is derived, kept for 100 ms, and walked anew before a refusal.
local depths = {}
local function full(queue, bytes)
  local depth = depths[queue]
  if not depth then
    local kept, at = string.match(redis.call('HGET', P .. @depth, queue) or '', '^(%d+):(%d+)$')
    local fresh = kept and now - at < 100 and tonumber(kept) < maxTasks
    depth = { count = fresh and tonumber(kept) or countWaiting(queue), at = fresh and at or now, bytes = tonumber(redis.call('HGET', P .. @bytes, queue) or '0') }
    depths[queue] = depth
    depth.retained = tonumber(redis.call('GET', P .. @retained) or '0')
  end
  if depth.count >= maxTasks and depth.at ~= now then depth.count, depth.at = countWaiting(queue), now end
  if depth.count >= maxTasks then return 'tasks' end
  if depth.bytes + bytes > maxBytes then return 'bytes' end
  if depth.retained >= retainedBytes then return 'results' end
end

local function watch(task, inbox)
  if inbox == '' or terminal(task) then return end
  local watchers = task.watchers or ''
  if not string.find(' ' .. watchers .. ' ', ' ' .. inbox .. ' ', 1, true) then
    redis.call('HSET', task.record, $watchers, watchers == '' and inbox or watchers .. ' ' .. inbox)
  end
end

-- A submission that is sent again, its large input with it: that of an unfinished task and of a dead letter stays.
local function again(task, large)
  if large == 1 then
    local input = P .. @input .. task.id
    if terminal(task) and not redis.call('ZSCORE', P .. @dead, task.id) then redis.call('UNLINK', input)
    elseif redis.call('PERSIST', input) == 0 and redis.call('EXISTS', input) == 0 then return { 'missing' } end
  end
  return { 'accepted', redis.call('HGET', task.record, $submitted) }
end

-- The task that holds this idempotency key, if it still exists.
local function holder(key)
  local digest, id = string.match(redis.call('GET', P .. @idempotency .. key) or '', '^(%S+) (%S+)$')
  return id and load(id), digest
end

local function create(item, input)
  local id, queue, pool, rank, rows, bytes = item[1], item[2], item[3], item[4], item[5], item[6]
  local record = P .. @record .. id
  local notBefore = item[10] >= 0 and now + item[10] or item[11] >= 0 and item[11] or nil
  local deadline = item[12] >= 0 and now + item[12] or item[13] >= 0 and item[13] or nil
  local fields = item[17]
  local function add(name, value) fields[#fields + 1] = name; fields[#fields + 1] = value end
  if item[16] == 1 then redis.call('PERSIST', P .. @input .. id) else redis.call('SET', P .. @input .. id, input) end
  if item[15] > 0 then
    redis.call('SET', P .. @metadata .. id, ARGV[1 + #request[2] + item[15]])
    add($hasMetadata, '1')
  end
  if item[8] ~= '' then
    redis.call('SET', P .. @idempotency .. item[8], item[9] .. ' ' .. id)
    add($idempotency, item[8])
  end
  if item[14] ~= '' then add($watchers, item[14]) end
  if deadline then
    redis.call('ZADD', P .. @due, deadline, 'exp:' .. id)
    add($startDeadline, deadline)
  end
  add($submitted, now)
  add($sequence, 1)
  tally(P .. @bytes, queue, bytes)
  if notBefore and notBefore > now then
    redis.call('ZADD', P .. @scheduled .. queue, notBefore, id)
    redis.call('SADD', P .. @scheduledQueues, queue)
    add($state, 'scheduled')
    add($notBefore, notBefore)
  else
    add($state, 'queued')
    add($rank, rank)
    add($entry, enqueue(pool, rank, id, rows, bytes, item[7]))
  end
  redis.call('HSET', record, unpack(fields))
  return { 'accepted', tostring(now) }
end

local replies = {}
for i, item in ipairs(request[2]) do
  local id, large = item[1], item[16]
  local known = load(id)
  local other, digest
  if not known and item[8] ~= '' then other, digest = holder(item[8]) end
  if known then
    replies[i] = again(known, large)
    watch(known, item[14])
  elseif other then
    if large == 1 then redis.call('UNLINK', P .. @input .. id) end
    if digest == item[9] then
      watch(other, item[14])
      replies[i] = { 'duplicate', snapshot(other.id) }
    else
      replies[i] = { 'conflict', other.id }
    end
  else
    local what = full(item[2], item[6])
    if not what and large == 1 and redis.call('EXISTS', P .. @input .. id) == 0 then
      replies[i] = { 'missing' }
    elseif what then
      if large == 1 then redis.call('UNLINK', P .. @input .. id) end
      replies[i] = { 'full', what }
    else
      replies[i] = create(item, ARGV[1 + i])
      local depth = depths[item[2]]
      depth.count, depth.bytes = depth.count + 1, depth.bytes + item[6]
    end
  end
end
for queue, depth in pairs(depths) do redis.call('HSET', P .. @depth, queue, depth.count .. ':' .. depth.at) end
conclude()
return replies
