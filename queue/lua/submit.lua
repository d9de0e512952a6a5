#!lua
-- submit: makes records, inputs and lane entries of new tasks. Refused by a full Redis (no allow-oom), on purpose.
-- ARGV[1]  limits: tasks, bytes, bytes of retained results
-- ARGV[2]  a line for each item, '-' for none: id queue model version facts key digest delay notBefore within deadline inbox call metadata large signature;
--          `facts`: as in queue/record.ts; `metadata`: its number; `large`: the input was SET beforehand, with a TTL
-- ARGV[2+i] the input of item i, '' where large; behind them the metadata
-- reply    one for each item: submitted | { 'duplicate', snapshot } | { 'conflict', id } | { 'full', what } | { 'missing' }
-- @include base
-- @include hand_over
-- @include admission
local maxTasks, maxBytes, maxRetained = string.match(ARGV[1], '^(%S+) (%S+) (%S+)$')
local LIMITS = { tonumber(maxTasks), tonumber(maxBytes), tonumber(maxRetained) }
local LINE = '^(%S+) (%S+) (%S+) (%S+) ((%S+) (%S+) (%S+) %S+ %S+ %S+ %S+ %S+) (%S+) (%S+) (%S+) (%S+) (%S+) (%S+) (%S+) (%S+) (%S+) (%S+) (.*)$'

-- Adds a name to a field that holds names, separated by spaces.
local function addName(task, field, names, one)
  if not string.find(' ' .. names .. ' ', ' ' .. one .. ' ', 1, true) then
    redis.call('HSET', task.record, field, names == '' and one or names .. ' ' .. one)
  end
end

-- An unfinished task is watched by this inbox too, and held by this call: what broke off before is taken up again.
local function attach(task, inbox, call)
  if terminal(task) then return end
  if inbox ~= '-' then addName(task, $watchers, task.watchers or '', inbox) end
  if call ~= '-' then
    addName(task, $calls, task.calls or '', call)
    redis.call('ZREM', P .. @due, 'cut:' .. task.id)
  end
end

-- A submission that is sent again, its large input with it: that of an unfinished task and of a dead letter stays.
local function again(task, large)
  if large then
    local payload = P .. @payload .. task.id
    if terminal(task) and not redis.call('ZSCORE', P .. @dead, task.id) then
      -- A result was there before, and the SET with NX has left it alone.
      if task.state ~= 'succeeded' or task.ignored then redis.call('UNLINK', payload) end
    elseif redis.call('PERSIST', payload) == 0 and redis.call('EXISTS', payload) == 0 then return { 'missing' } end
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

-- A time that was given, or one so long from now, or nil.
local function timeOf(delay, given)
  return delay ~= '-' and now + delay or tonumber(given)
end

local function earliest(one, other)
  return one and other and math.min(one, other) or one or other
end

local function create(task, input)
  local id, bytes, rank = task.id, tonumber(task.bytes), task.priority
  local notBefore, deadline = timeOf(task.delay, task.notBefore), earliest(timeOf(task.within, '-'), tonumber(task.deadline))
  local times = nowText .. ' ' .. (notBefore and text(notBefore) or '-') .. ' ' .. (deadline and text(deadline) or '-') .. ' -'
  local fields = { $queue, task.queue, $model, task.model, $version, task.version, $facts, task.facts, $times, times, $sequence, '1' }
  local function add(name, value)
    local at = #fields
    fields[at + 1], fields[at + 2] = name, value
  end
  if task.large then redis.call('PERSIST', P .. @payload .. id) else redis.call('SET', P .. @payload .. id, input) end
  if task.signature ~= '' then add($signature, task.signature) end
  if task.key ~= '-' then add($idempotency, task.key) end
  if task.inbox ~= '-' then add($watchers, task.inbox) end
  if task.call ~= '-' then add($calls, task.call) end
  if task.metadata then
    redis.call('SET', P .. @metadata .. id, task.metadata)
    add($hasMetadata, '1')
    add($odd, '1')
  end
  if deadline then redis.call('ZADD', P .. @due, text(deadline), 'exp:' .. id) end
  tally(P .. @bytes, task.queue, bytes)
  if notBefore and notBefore > now then
    redis.call('ZADD', P .. @scheduled .. task.queue, text(notBefore), id)
    redis.call('SADD', P .. @scheduledQueues, task.queue)
    add($state, 'scheduled')
  else
    add($state, 'queued')
    add($place, rank .. ' ' .. enqueue(task.queue .. ':' .. task.model .. ':' .. task.version, rank, id, task.rows, task.bytes, task.signature))
  end
  redis.call('HSET', P .. @record .. id, unpack(fields))
  return nowText
end

local function submit(task, input)
  local id, large = task.id, task.large
  if redis.call('HEXISTS', P .. @record .. id, $state) == 1 then
    local known = load(id)
    attach(known, task.inbox, task.call)
    return again(known, large)
  end
  local what = full(task.queue, tonumber(task.bytes), LIMITS)
  local missing = large and not what and redis.call('EXISTS', P .. @payload .. id) == 0
  if task.key ~= '-' then
    local other, digest = holder(task.key, task.digest, id, not what and not missing)
    if other then
      if large then redis.call('UNLINK', P .. @payload .. id) end
      if digest ~= task.digest then return { 'conflict', other.id } end
      attach(other, task.inbox, task.call)
      return { 'duplicate', snapshot(other.id) }
    end
  end
  if what then
    if large then redis.call('UNLINK', P .. @payload .. id) end
    return { 'full', what }
  end
  if missing then return { 'missing' } end
  count(task.queue, tonumber(task.bytes))
  return create(task, input)
end

local function parse(line, items)
  local id, queue, model, version, facts, priority, rows, bytes, key, digest, delay, notBefore, within, deadline, inbox, call, metadata, large, signature =
    string.match(line, LINE)
  return {
    id = id, queue = queue, model = model, version = version, facts = facts, priority = priority, rows = rows, bytes = bytes, key = key, digest = digest,
    delay = delay, notBefore = notBefore, within = within, deadline = deadline, inbox = inbox, call = call,
    metadata = metadata ~= '-' and ARGV[2 + items + metadata], large = large == '1', signature = signature,
  }
end

local lines = {}
for line in string.gmatch(ARGV[2], '[^\n]+') do lines[#lines + 1] = line end
local replies = {}
for i, line in ipairs(lines) do replies[i] = submit(parse(line, #lines), ARGV[2 + i]) end
writeDepths()
handOver()
conclude()
return replies
