-- Reading a task's record (queue/record.ts), the values that share a field taken apart.

-- Adds what few tasks have.
local function loadOdd(task)
  local v = redis.call('HMGET', task.record, $charged, $settled, $cancelRequested, $chunkBytes, $chunks, $overflowed, $progressMessage, $hasHistory,
    $hasMetadata, $hasError)
  task.charged, task.settled, task.cancelRequested = tonumber(v[1]) or 0, v[2], v[3]
  task.chunkBytes, task.hasLog = tonumber(v[4]) or 0, v[5] or v[6]
  task.progress, task.hasHistory, task.hasMetadata, task.hasError = v[7], v[8], v[9], v[10]
end

-- What decides about a task, and who runs it, or nil for an unknown id.
local function load(id)
  local record = P .. @record .. id
  local v = redis.call('HMGET', record, $state, $queue, $model, $version, $facts, $times, $place, $sequence, $attempt, $token, $watchers, $idempotency,
    $calls, $odd, $worker, $executor, $run)
  if not v[1] then return nil end
  local priority, rows, bytes, maxAttempts, ttl, _, _, flags = string.match(v[5], '^(%S+) (%S+) (%S+) (%S+) (%S+) (%S+) (%S+) (%S+)$')
  local submitted, notBefore, deadline, queuedAt = string.match(v[6], '^(%S+) (%S+) (%S+) (%S+)$')
  local rank, entry = string.match(v[7] or '', '^(%S+) (%S+)$')
  local task = {
    id = id, record = record, state = v[1], queue = v[2], model = v[3], version = v[4], pool = v[2] .. ':' .. v[3] .. ':' .. v[4], facts = v[5], times = v[6],
    priority = priority, rows = rows, bytes = tonumber(bytes), maxAttempts = tonumber(maxAttempts), ttl = tonumber(ttl), flags = flags,
    ignored = string.find(flags, 'i', 1, true), kept = string.find(flags, 'k', 1, true), submitted = submitted, notBefore = notBefore, deadline = tonumber(deadline), queuedAt = queuedAt,
    rank = rank, entry = entry, sequence = tonumber(v[8]), attempt = tonumber(v[9]) or 0, token = v[10], watchers = v[11], idempotency = v[12],
    calls = v[13], odd = v[14], charged = 0, chunkBytes = 0, worker = v[15], executor = v[16], run = v[17],
  }
  if task.odd then loadOdd(task) end
  return task
end

-- Of a task that waits in a lane of this pool, what a start needs; all of one about which there is more to know.
local function loadToStart(id, pool)
  local record = P .. @record .. id
  local v = redis.call('HMGET', record, $state, $place, $times, $facts, $sequence, $attempt, $watchers, $odd)
  if v[1] ~= 'queued' or v[8] then return load(id) end
  local rank, entry = string.match(v[2] or '', '^(%S+) (%S+)$')
  local submitted, _, deadline, queuedAt = string.match(v[3], '^(%S+) (%S+) (%S+) (%S+)$')
  if deadline ~= '-' and tonumber(deadline) <= now then return load(id) end
  return {
    id = id, record = record, state = v[1], queue = pool.queue, model = pool.model, version = pool.version, rank = rank, entry = entry, facts = v[4],
    times = v[3], submitted = submitted, deadline = tonumber(deadline), queuedAt = queuedAt, sequence = tonumber(v[5]), attempt = tonumber(v[6]) or 0,
    watchers = v[7], charged = 0,
  }
end

local function terminal(task)
  local s = task.state
  return s == 'succeeded' or s == 'failed' or s == 'cancelled' or s == 'expired'
end

-- The record's times, with another time of entering a lane.
local function timesOf(task, queuedAt)
  return task.submitted .. ' ' .. task.notBefore .. ' ' .. (task.deadline and text(task.deadline) or '-') .. ' ' .. queuedAt
end
