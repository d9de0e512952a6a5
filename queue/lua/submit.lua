#!lua
-- submit: makes records, inputs and lane entries of new tasks. Refused by a full Redis (no allow-oom), on purpose.
-- ARGV[1]  msgpack { { maxTasks, maxBytes, retainedBytes }, { item, ... } }, item =
--          { id, queue, pool, rank, rows, bytes, signature, idempotency, digest, delay, notBefore, within, deadline, inbox, metadata, large, { field, value, ... }, call }
--          where '' and -1 stand for "none", 0 for no metadata; `large`: the input was SET beforehand, with a TTL
-- ARGV[1+i] the input of item i, '' where large; behind them what `metadata` counts: cmsgpack cannot read msgpack's bytes
-- reply    one for each item: { 'accepted', submitted } | { 'duplicate', snapshot } | { 'conflict', id } | { 'full', what } | { 'missing' }
-- @include base
-- @include task
-- @include admission
local request = cmsgpack.unpack(ARGV[1])
local LIMITS = request[1]

-- Adds a name to a field that holds names, separated by spaces.
local function addName(task, field, names, one)
  if not string.find(' ' .. names .. ' ', ' ' .. one .. ' ', 1, true) then
    redis.call('HSET', task.record, field, names == '' and one or names .. ' ' .. one)
  end
end

-- An unfinished task is watched by this inbox too, and held by this call: what broke off before is taken up again.
local function attach(task, inbox, call)
  if terminal(task) then return end
  if inbox ~= '' then addName(task, $watchers, task.watchers or '', inbox) end
  if call ~= '' then
    addName(task, $calls, redis.call('HGET', task.record, $calls) or '', call)
    redis.call('ZREM', P .. @due, 'cut:' .. task.id)
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
  if item[18] ~= '' then add($calls, item[18]) end
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
    attach(known, item[14], item[18])
  elseif other then
    if large == 1 then redis.call('UNLINK', P .. @input .. id) end
    if digest == item[9] then
      attach(other, item[14], item[18])
      replies[i] = { 'duplicate', snapshot(other.id) }
    else
      replies[i] = { 'conflict', other.id }
    end
  else
    local what = full(item[2], item[6], LIMITS)
    if not what and large == 1 and redis.call('EXISTS', P .. @input .. id) == 0 then
      replies[i] = { 'missing' }
    elseif what then
      if large == 1 then redis.call('UNLINK', P .. @input .. id) end
      replies[i] = { 'full', what }
    else
      replies[i] = create(item, ARGV[1 + i])
      count(item[2], item[6])
    end
  end
end
writeDepths()
conclude()
return replies
