-- @include task
-- claim(request): the next batch for an executor. request = { executor, worker, device, maxBytes, wait, solo, { { { pool, maxTasks, maxRows }, ... }, ... } }
-- Queues are walked in order; within one, the lowest rank over the ready lanes of all its pools, then the oldest head entry.
-- returns { 'claimed', pool, { task, ... } } | { 'empty' } | { 'unregistered' }

-- The lowest rank of a pool that may hold entries.
local function lowestReady(pool, solo)
  for _, rank in ipairs(redis.call('ZRANGE', P .. @ready .. pool, 0, 1)) do
    if solo or rank ~= 'solo' then return rank end
  end
end

-- How many entries from the head fit together: rows, bytes and one signature. The first one always does.
local function prefixLength(entries, want, maxBytes)
  local rows, bytes, count, signature = 0, 0, 0, nil
  for _, entry in ipairs(entries) do
    local f = entry[2]
    rows, bytes = rows + f[4], bytes + f[6]
    if count > 0 and (count >= want.maxTasks or rows > want.maxRows or bytes > maxBytes or f[8] ~= signature) then break end
    signature = f[8]
    count = count + 1
  end
  return count
end

-- Gives one delivered entry to the executor, or drops it where the record does not name it or it is too late to start.
local function start(entry, rank, request)
  local task = load(entry[2][2])
  local lane = P .. @lane .. request.pool .. ':' .. rank
  if task and task.state == 'running' and task.entry == entry[1] then
    -- The group was dropped and made anew: what runs was given out before, and goes back under its executor's name.
    redis.call('XCLAIM', lane, 'w', redis.call('HGET', task.record, $executor), 0, entry[1], 'JUSTID')
    return nil
  end
  if not task or task.state ~= 'queued' or task.entry ~= entry[1] then
    redis.call('XACK', lane, 'w', entry[1])
    redis.call('XDEL', lane, entry[1])
    return nil
  end
  if task.deadline and task.deadline <= now then
    leave(request.pool, rank, entry[1])
    finish(task, 'expired', { 'START_DEADLINE', 'The task was not started before its start deadline.', '' })
    return nil
  end
  local attempt = task.attempt + 1
  -- With the clock: a Redis that lost its last second gives the same attempt again, but not the same token.
  local token = string.format('%d-%d%06d', attempt, clock[1], clock[2])
  local v = redis.call('HMGET', task.record, $hardLimit, $softLimit, $submitted, $queuedAt, $chunks, $overflowed)
  local queued = now - (tonumber(v[4]) or tonumber(v[3]))
  redis.call('HSET', task.record, $state, 'running', $attempt, attempt, $token, token, $executor, request.executor, $worker, request.worker,
    $device, request.device, $started, now, $queuedMs, queued, $sequence, nextSequence(task))
  if v[5] or v[6] then
    -- Chunks of an earlier attempt are void.
    redis.call('UNLINK', P .. @log .. task.id)
    redis.call('HDEL', task.record, $chunks, $lastChunk, $chunkBytes, $overflowed)
  end
  if task.progress then
    if task.progress == '' then redis.call('UNLINK', P .. @progress .. task.id) end
    redis.call('HDEL', task.record, $progressFraction, $progressMessage)
  end
  if task.deadline then redis.call('ZREM', P .. @due, 'exp:' .. task.id) end
  tell(task.id, task.watchers)
  local input = task.bytes <= %inlineBytes and redis.call('GET', P .. @input .. task.id) or ''
  return { task.id, token, attempt, task.charged, task.maxAttempts, task.rows, task.signature, rank, task.cancelRequested or '', task.ignore or '',
    v[1] or '', v[2] or '', task.deadline and tostring(task.deadline) or '', v[3], tostring(now), tostring(queued), input, task.bytes }
end

-- Takes the longest batch from the head of one lane; returns its tasks, and how many entries it took.
local function take(want, rank, request)
  local lane = P .. @lane .. want.pool .. ':' .. rank
  local most = rank == 'solo' and 1 or want.maxTasks
  local entries = undelivered(lane, most + 1)
  if #entries == 0 then
    redis.call('ZREM', P .. @ready .. want.pool, rank)
    return {}, 0
  end
  local count = prefixLength(entries, { maxTasks = most, maxRows = want.maxRows }, request.maxBytes)
  redis.call('XREADGROUP', 'GROUP', 'w', request.executor, 'COUNT', count, 'STREAMS', lane, '>')
  if count == #entries then
    redis.call('ZREM', P .. @ready .. want.pool, rank)
  end
  request.pool = want.pool
  local tasks = {}
  for i = 1, count do
    local task = start(entries[i], rank, request)
    if task then tasks[#tasks + 1] = task end
  end
  if count < #entries then ring(want.pool) end
  return tasks, count
end

-- The pool of this queue to serve next and its rank: lowest rank first, then the oldest head entry.
local choose
function choose(pools, solo)
  local best, bestRank, rivals = nil, nil, 0
  for _, want in ipairs(pools) do
    local rank = lowestReady(want[1], solo)
    if rank then
      if not best or RANKS[rank] < RANKS[bestRank] then
        best, bestRank, rivals = { want }, rank, 1
      elseif rank == bestRank then
        rivals = rivals + 1
        best[rivals] = want
      end
    end
  end
  if not best then return nil end
  local oldest, oldestTime
  if rivals == 1 then oldest = best[1] else
    for _, want in ipairs(best) do
      local head = undelivered(P .. @lane .. want[1] .. ':' .. bestRank, 1)[1]
      if not head then
        redis.call('ZREM', P .. @ready .. want[1], bestRank)
      else
        local time = tonumber(string.match(head[1], '^%d+'))
        if not oldest or time < oldestTime then oldest, oldestTime = want, time end
      end
    end
    if not oldest then return choose(pools, solo) end
  end
  return { pool = oldest[1], maxTasks = oldest[2], maxRows = oldest[3] }, bestRank
end

local function waitForBell(request, queues)
  redis.call('HSET', P .. @executor .. request.executor, 'idle', '1')
  for _, pools in ipairs(queues) do
    for _, want in ipairs(pools) do
      redis.call('ZADD', P .. @idle .. want[1], now, request.executor)
      redis.call('PEXPIRE', P .. @idle .. want[1], %registryTtl)
    end
  end
end

-- Entries that one claim drops at most before it gives up, so that a lane full of void ones does not block Redis.
local mostDropped = 500

local function claim(packed)
  local request = { executor = packed[1], worker = packed[2], device = packed[3], maxBytes = packed[4] }
  local wait, solo, queues = packed[5] == 1, packed[6] == 1, packed[7]
  local idle = redis.call('HGET', P .. @executor .. request.executor, 'idle')
  if not idle then return { 'unregistered' } end
  if idle == '1' then redis.call('HSET', P .. @executor .. request.executor, 'idle', '0') end
  local dropped = 0
  for _, pools in ipairs(queues) do
    while true do
      local want, rank = choose(pools, solo)
      if not want then break end
      local tasks, taken = take(want, rank, request)
      if #tasks > 0 then return { 'claimed', want.pool, tasks } end
      dropped = dropped + taken
      if dropped >= mostDropped then
        if wait then
          waitForBell(request, queues)
          nobodyIdle[want.pool] = nil
          ring(want.pool)
        end
        return { 'empty' }
      end
    end
  end
  if wait then waitForBell(request, queues) end
  return { 'empty' }
end
