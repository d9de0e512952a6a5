-- @include publish
-- @include tally
-- @include lane
-- @include record
-- What every verb that changes a task shares: ending it, sending it back.

-- The number of the change that is being made.
local function nextSequence(task)
  task.sequence = task.sequence + 1
  return text(task.sequence)
end

-- Stores why an attempt or the task failed: { code, message, detail }.
local function setError(task, failure)
  redis.call('SET', P .. @error .. task.id, cmsgpack.pack(failure))
  redis.call('HSET', task.record, $hasError, '1', $odd, '1')
  task.hasError, task.odd = '1', '1'
end

local noted = {}

-- Results count against their limit until the minute in which they expire is over.
local function retain(bytes, expires)
  if bytes <= 0 then return end
  local minute = text(math.floor(expires / 60000) + 1)
  tally(P .. @retained, '', bytes)
  tally(P .. @retainedBytes, minute, bytes)
  if not noted[minute] then redis.call('ZADD', P .. @retainedMinutes, minute, minute) end
  noted[minute] = true
end

-- Lets everything of a task end at one time, but for its result, which is stored with its TTL.
local function expireAll(task, expires)
  local at = text(expires)
  redis.call('PEXPIREAT', task.record, at)
  if task.idempotency then redis.call('PEXPIREAT', P .. @idempotency .. task.idempotency, at) end
  if not task.odd then return end
  if task.hasMetadata then redis.call('PEXPIREAT', P .. @metadata .. task.id, at) end
  if task.hasError then redis.call('PEXPIREAT', P .. @error .. task.id, at) end
  if task.progress == '' then redis.call('PEXPIREAT', P .. @progress .. task.id, at) end
  if task.hasHistory then redis.call('PEXPIREAT', P .. @history .. task.id, at) end
  -- LT: the chunks of a FAILED task have a time of their own already.
  if task.hasLog then redis.call('PEXPIREAT', P .. @log .. task.id, at, 'LT') end
end

local ending = {}

-- Inputs that nobody needs any more go when the script ends.
local function writeEnding()
  if #ending > 0 then redis.call('UNLINK', unpack(ending)) end
end

-- Moves the input of a task that keeps it out of the way of a result.
local function keepInput(task, expires)
  local payload, kept = P .. @payload .. task.id, P .. @kept .. task.id
  if redis.call('EXISTS', payload) == 0 then return end
  redis.call('RENAME', payload, kept)
  redis.call('PEXPIREAT', kept, text(expires))
end

-- Ends a task for good and tells nobody. The caller has taken it out of its lane. `ran`: how its last run went, as `end` in queue/record.ts
-- has it from ranMs on; `bytes`: of the result that took the input's place, if one did. Returns the record's `end`.
local function close(task, state, ran, bytes)
  local id = task.id
  local expires = now + (task.ignored and %ignoredResultTtl or task.ttl)
  local ended = nowText .. ' ' .. (state == 'failed' and '-' or text(expires)) .. ' ' .. (ran or '- - - - -')
  redis.call('HSET', task.record, $state, state, $sequence, nextSequence(task), $end, ended)
  if task.calls then redis.call('HDEL', task.record, $calls) end
  tally(P .. @ended .. task.queue, state, 1)
  tally(P .. @bytes, task.queue, -task.bytes)
  if task.deadline then redis.call('ZREM', P .. @due, 'exp:' .. id) end
  if state == 'failed' then
    redis.call('ZADD', P .. @dead, nowText, id)
    redis.call('ZADD', P .. @dead .. ':' .. task.queue, nowText, id)
    tally(P .. @deadBytes, '', task.bytes)
    if task.ignored then redis.call('UNLINK', P .. @log .. id)
    elseif task.hasLog then
      -- Chunks are a result, and end as one: the dead letter keeps inputs and history.
      redis.call('PEXPIREAT', P .. @log .. id, text(expires))
      retain(task.chunkBytes, expires)
    end
  else
    if task.kept then
      if not bytes then keepInput(task, expires) end
      retain(task.bytes, expires)
    elseif not bytes then ending[#ending + 1] = P .. @payload .. id end
    if not task.ignored then retain((bytes or 0) + task.chunkBytes, expires)
    elseif task.hasLog then ending[#ending + 1] = P .. @log .. id end
    expireAll(task, expires)
  end
  task.state = state
  return ended
end

-- Ends a task for good. The caller has taken it out of its lane.
local function finish(task, state, failure, ran)
  if failure then setError(task, failure) end
  close(task, state, ran)
  tell(task.id, task.watchers, true)
end

local CANCELLED = { 'CANCELLED', 'The task was cancelled.', '' }
local CANCELLED_RUNNING = { 'CANCELLED', 'The task was cancelled while it ran.', '' }

-- Notes the attempt that just ended among the earlier executions. `ran`: as for `close`.
local function remember(task, failure, ran)
  local device, started, queued = string.match(task.run, '^(%S+) (%S+) (%S+)$')
  local ranMs, batchTasks, batchRows = string.match(ran or '', '^(%S+) (%S+) (%S+)')
  redis.call('RPUSH', P .. @history .. task.id, cmsgpack.pack({ text(task.attempt), task.worker, task.executor, device, batchTasks or '0',
    batchRows or '0', queued, ranMs or text(now - started), started, nowText, failure or '' }))
  -- Releases are not counted, so only this bounds the list.
  redis.call('LTRIM', P .. @history .. task.id, '-100', '-1')
  redis.call('HSET', task.record, $hasHistory, '1', $odd, '1')
  task.hasHistory, task.odd = '1', '1'
end

-- Back to a lane, uncharged unless the caller charged it; its start deadline holds again.
local function requeue(task, rank)
  local entry = enqueue(task.pool, rank, task.id, task.rows, text(task.bytes), redis.call('HGET', task.record, $signature) or '')
  redis.call('HSET', task.record, $state, 'queued', $place, rank .. ' ' .. entry, $times, timesOf(task, nowText), $sequence, nextSequence(task))
  redis.call('HDEL', task.record, $token, $executor, $worker, $run)
  if task.deadline then redis.call('ZADD', P .. @due, text(task.deadline), 'exp:' .. task.id) end
  task.state = 'queued'
  tell(task.id, task.watchers, false)
end

-- What every script does last.
local function conclude()
  writeLeaving()
  writeEnding()
  writeCounts()
  ringAll()
  publish()
end
