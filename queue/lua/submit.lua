#!lua
-- submit: makes records, inputs and lane entries of new tasks. Refused by a full Redis (no allow-oom), on purpose.
-- ARGV[1]  msgpack { { maxTasks, maxBytes, retainedBytes }, { item, ... } }, item =
--          { id, queue, model, version, signature, facts, priority, rows, bytes, idempotency, digest, delay, notBefore, within, deadline, inbox, call, metadata,
--          large } where '' and -1 stand for "none", 0 for no metadata; `facts`: as in queue/record.ts; `large`: the input was SET beforehand, with a TTL
-- ARGV[1+i] the input of item i, '' where large; behind them what `metadata` counts: cmsgpack cannot read msgpack's bytes
-- reply    one for each item: submitted | { 'duplicate', snapshot } | { 'conflict', id } | { 'full', what } | { 'missing' }
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
    addName(task, $calls, task.calls or '', call)
    redis.call('ZREM', P .. @due, 'cut:' .. task.id)
  end
end

-- A submission that is sent again, its large input with it: that of an unfinished task and of a dead letter stays.
local function again(task, large)
  if large then
    local input = P .. @input .. task.id
    if terminal(task) and not redis.call('ZSCORE', P .. @dead, task.id) then redis.call('UNLINK', input)
    elseif redis.call('PERSIST', input) == 0 and redis.call('EXISTS', input) == 0 then return { 'missing' } end
  end
  return task.submitted
end

-- The task that holds an idempotency key, if it still exists, and its digest. The key becomes the new task's where there is room for that.
local function holder(key, digest, id, room)
  local known
  if room then known = redis.call('SET', P .. @idempotency .. key, digest .. ' ' .. id, 'NX', 'GET')
  else known = redis.call('GET', P .. @idempotency .. key)
  end
  if not known then return nil end
  local itsDigest, itsId = string.match(known, '^(%S+) (%S+)$')
  local other = load(itsId)
  if not other and room then redis.call('SET', P .. @idempotency .. key, digest .. ' ' .. id) end
  return other, itsDigest
end

local function create(item, input)
  local id, queue, model, version, signature, facts, priority, rows, bytes = unpack(item, 1, 9)
  local key, inbox, call, metadata = item[10], item[16], item[17], item[18]
  local notBefore = item[12] >= 0 and now + item[12] or item[13] >= 0 and item[13] or nil
  local deadline = item[14] >= 0 and now + item[14] or item[15] >= 0 and item[15] or nil
  local fields = { $queue, queue, $model, model, $version, version, $facts, facts, $sequence, '1' }
  local function add(name, value)
    local at = #fields
    fields[at + 1], fields[at + 2] = name, value
  end
  if item[19] == 1 then redis.call('PERSIST', P .. @input .. id) else redis.call('SET', P .. @input .. id, input) end
  add($times, nowText .. ' ' .. (notBefore and text(notBefore) or '-') .. ' ' .. (deadline and text(deadline) or '-') .. ' -')
  if signature ~= '' then add($signature, signature) end
  if key ~= '' then add($idempotency, key) end
  if inbox ~= '' then add($watchers, inbox) end
  if call ~= '' then add($calls, call) end
  if metadata > 0 then
    redis.call('SET', P .. @metadata .. id, ARGV[1 + #request[2] + metadata])
    add($hasMetadata, '1')
    add($odd, '1')
  end
  if deadline then redis.call('ZADD', P .. @due, text(deadline), 'exp:' .. id) end
  tally(P .. @bytes, queue, bytes)
  if notBefore and notBefore > now then
    redis.call('ZADD', P .. @scheduled .. queue, text(notBefore), id)
    redis.call('SADD', P .. @scheduledQueues, queue)
    add($state, 'scheduled')
  else
    add($state, 'queued')
    add($place, priority .. ' ' .. enqueue(queue .. ':' .. model .. ':' .. version, priority, id, rows, text(bytes), signature))
  end
  redis.call('HSET', P .. @record .. id, unpack(fields))
  return nowText
end

local function submit(item, input)
  local id, queue, bytes, key, digest, inbox, call, large = item[1], item[2], item[9], item[10], item[11], item[16], item[17], item[19] == 1
  if redis.call('HEXISTS', P .. @record .. id, $state) == 1 then
    local known = load(id)
    attach(known, inbox, call)
    return again(known, large)
  end
  local what = full(queue, bytes, LIMITS)
  local missing = large and not what and redis.call('EXISTS', P .. @input .. id) == 0
  if key ~= '' then
    local other, itsDigest = holder(key, digest, id, not what and not missing)
    if other then
      if large then redis.call('UNLINK', P .. @input .. id) end
      if digest ~= itsDigest then return { 'conflict', other.id } end
      attach(other, inbox, call)
      return { 'duplicate', snapshot(other.id) }
    end
  end
  if what then
    if large then redis.call('UNLINK', P .. @input .. id) end
    return { 'full', what }
  end
  if missing then return { 'missing' } end
  count(queue, bytes)
  return create(item, input)
end

local replies = {}
for i, item in ipairs(request[2]) do replies[i] = submit(item, ARGV[1 + i]) end
writeDepths()
conclude()
return replies
