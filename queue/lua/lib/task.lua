-- @include publish
-- @include tally
-- @include lane
-- What every verb that changes a task shares: reading it, ending it, sending it back.

-- The fields that decide, or nil for an unknown id.
local function load(id)
  local record = P .. @record .. id
  local v = redis.call('HMGET', record, $state, $queue, $model, $version, $rank, $entry, $token, $settled, $cancelRequested, $watchers,
    $bytes, $rows, $signature, $attempt, $charged, $maxAttempts, $startDeadline, $ignoreResult, $resultTtl, $chunkBytes, $idempotency,
    $priority, $hasHistory, $hasMetadata, $hasError, $progressMessage, $sequence)
  if not v[1] then return nil end
  return {
    id = id, record = record, state = v[1], queue = v[2], pool = v[2] .. ':' .. v[3] .. ':' .. v[4], rank = v[5], entry = v[6],
    token = v[7], settled = v[8], cancelRequested = v[9], watchers = v[10], bytes = tonumber(v[11]) or 0, rows = v[12] or '1',
    signature = v[13] or '', attempt = tonumber(v[14]) or 0, charged = tonumber(v[15]) or 0,
    maxAttempts = tonumber(v[16]) or %defaultMaxAttempts, deadline = tonumber(v[17]), ignore = v[18],
    ttl = tonumber(v[19]) or %defaultResultTtl, chunkBytes = tonumber(v[20]) or 0, hasLog = v[20], idempotency = v[21], priority = v[22] or '5',
    hasHistory = v[23], hasMetadata = v[24], hasError = v[25], progress = v[26], sequence = tonumber(v[27]),
  }
end

local function terminal(task)
  local s = task.state
  return s == 'succeeded' or s == 'failed' or s == 'cancelled' or s == 'expired'
end

-- The number of the change that is being made.
local function nextSequence(task)
  task.sequence = task.sequence + 1
  return task.sequence
end

-- Stores why an attempt or the task failed: { code, message, detail }.
local function setError(task, failure)
  redis.call('SET', P .. @error .. task.id, cmsgpack.pack(failure))
  redis.call('HSET', task.record, $hasError, '1')
  task.hasError = '1'
end

local noted = {}

-- Results count against their limit until the minute in which they expire is over.
local function retain(bytes, expires)
  if bytes <= 0 then return end
  local minute = math.floor(expires / 60000) + 1
  tally(P .. @retained, '', bytes)
  tally(P .. @retainedBytes, minute, bytes)
  if not noted[minute] then redis.call('ZADD', P .. @retainedMinutes, minute, minute) end
  noted[minute] = true
end

-- Lets everything of a task end at one time, but for its output, which is stored with its TTL.
local function expireAll(task, ttl)
  local at = now + ttl
  redis.call('PEXPIREAT', task.record, at)
  if task.hasMetadata then redis.call('PEXPIREAT', P .. @metadata .. task.id, at) end
  if task.hasError then redis.call('PEXPIREAT', P .. @error .. task.id, at) end
  if task.progress == '' then redis.call('PEXPIREAT', P .. @progress .. task.id, at) end
  if task.hasHistory then redis.call('PEXPIREAT', P .. @history .. task.id, at) end
  -- LT: the chunks of a FAILED task have a time of their own already.
  if task.hasLog then redis.call('PEXPIREAT', P .. @log .. task.id, at, 'LT') end
  if task.idempotency then redis.call('PEXPIREAT', P .. @idempotency .. task.idempotency, at) end
end

-- Ends a task for good. The caller has taken it out of its lane. `output`: what was stored, to travel with the event.
local function finish(task, state, failure, output)
  local id = task.id
  local ttl = task.ignore and %ignoredResultTtl or task.ttl
  if failure then setError(task, failure) end
  redis.call('HSET', task.record, $state, state, $ended, now, $sequence, nextSequence(task))
  redis.call('HDEL', task.record, $entry, $rank, $token, $calls)
  tally(P .. @ended .. task.queue, state, 1)
  tally(P .. @bytes, task.queue, -task.bytes)
  if task.deadline then redis.call('ZREM', P .. @due, 'exp:' .. id) end
  if state == 'failed' then
    redis.call('ZADD', P .. @dead, now, id)
    redis.call('ZADD', P .. @dead .. ':' .. task.queue, now, id)
    tally(P .. @deadBytes, '', task.bytes)
    if task.ignore then redis.call('UNLINK', P .. @log .. id)
    elseif task.hasLog then
      -- Chunks are a result, and end as one: the dead letter keeps inputs and history.
      redis.call('PEXPIRE', P .. @log .. id, ttl)
      retain(task.chunkBytes, now + ttl)
    end
  else
    redis.call('UNLINK', P .. @input .. id)
    redis.call('HSET', task.record, $expires, now + ttl)
    if task.ignore then
      redis.call('UNLINK', P .. @log .. id)
    else
      retain((task.outputBytes or 0) + task.chunkBytes, now + ttl)
    end
    expireAll(task, ttl)
  end
  task.state = state
  tell(id, task.watchers, output)
end

-- Notes the attempt that just ended among the earlier executions.
local function remember(task, failure)
  local v = redis.call('HMGET', task.record, $worker, $executor, $device, $batchTasks, $batchRows, $queuedMs, $ranMs, $started)
  local ran = v[7] or tostring(now - (tonumber(v[8]) or now))
  redis.call('RPUSH', P .. @history .. task.id,
    cmsgpack.pack({ task.attempt, v[1] or '', v[2] or '', v[3] or '', v[4] or '0', v[5] or '0', v[6] or '0', ran, v[8] or '0', tostring(now), failure or '' }))
  -- Releases are not counted, so only this bounds the list.
  redis.call('LTRIM', P .. @history .. task.id, -100, -1)
  redis.call('HSET', task.record, $hasHistory, '1')
  task.hasHistory = '1'
end

-- Back to a lane, uncharged unless the caller charged it; its start deadline holds again.
local function requeue(task, rank)
  local entry = enqueue(task.pool, rank, task.id, task.rows, task.bytes, task.signature)
  redis.call('HSET', task.record, $state, 'queued', $entry, entry, $rank, rank, $queuedAt, now, $sequence, nextSequence(task))
  redis.call('HDEL', task.record, $token, $executor, $worker, $device, $started, $ranMs, $batchTasks, $batchRows)
  if task.deadline then redis.call('ZADD', P .. @due, task.deadline, 'exp:' .. task.id) end
  task.state = 'queued'
  tell(task.id, task.watchers)
end

-- What every script does last.
local function conclude()
  writeCounts()
  publish()
end
