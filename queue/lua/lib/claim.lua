-- @include task
-- claim(request): the next batch for an executor. request = { executor, worker, device, maxBytes, wait, solo, { { { pool, maxTasks, maxRows }, ... }, ... },
-- takes, handed }; `takes`: with `wait`, whether batches may be handed to it; `handed`: how many were, as far as it knows, or false
-- Queues are walked in order; within one, the lowest rank over the ready lanes of all its pools, then the oldest head entry.
-- returns { 'claimed', pool, rank, signature, { line, input, ... }, 1 where the pool has more or 0 } | { 'empty' } | { 'unregistered' }
-- | { 'handed' }: one is on its way, and nothing is claimed beside it;
-- a line has the values that queue/verbs/claim.ts names, '-' for none, and the input of a large one is ''.

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
    local _, itsRows, itsBytes, its = readEntry(entry)
    rows, bytes = rows + (itsRows or 0), bytes + (itsBytes or 0)
    if count > 0 and (count >= want.maxTasks or rows > want.maxRows or bytes > maxBytes or its ~= signature) then break end
    signature = its
    count = count + 1
  end
  return count
end

-- With the clock: a Redis that lost its last second gives the same attempt again, but not the same token.
local tokenEnd = string.format('-%d%06d', clock[1], clock[2])

-- What earlier attempts left behind is void.
local function forget(task)
  if task.hasLog then
    redis.call('UNLINK', P .. @log .. task.id)
    redis.call('HDEL', task.record, $chunks, $lastChunk, $chunkBytes, $overflowed)
  end
  if task.progress then
    if task.progress == '' then redis.call('UNLINK', P .. @progress .. task.id) end
    redis.call('HDEL', task.record, $progressFraction, $progressMessage)
  end
end

-- Gives one delivered entry to the executor, or drops it where the record does not name it or it is too late to start. Returns the task and
-- the line for the executor.
local function start(entry, rank, request)
  local task = loadToStart(taskOf(entry), request)
  if task and task.state == 'running' and task.entry == entry[1] then
    -- The group was dropped and made anew: what runs was given out before, and goes back under its executor's name.
    redis.call('XCLAIM', P .. @lane .. request.pool .. ':' .. rank, 'w', task.executor, '0', entry[1], 'JUSTID')
    return nil
  end
  if not task or task.state ~= 'queued' or task.entry ~= entry[1] then
    leave(request.pool, rank, entry[1])
    return nil
  end
  if task.deadline and task.deadline <= now then
    leave(request.pool, rank, entry[1])
    finish(task, 'expired', { 'START_DEADLINE', 'The task was not started before its start deadline.', '' })
    return nil
  end
  task.state, task.attempt = 'running', task.attempt + 1
  local attempt = text(task.attempt)
  local token = attempt .. tokenEnd
  local run = request.device .. ' ' .. nowText .. ' ' .. text(now - (tonumber(task.queuedAt) or tonumber(task.submitted)))
  redis.call('HSET', task.record, $state, 'running', $attempt, attempt, $token, token, $executor, request.executor, $worker, request.worker, $run, run,
    $sequence, nextSequence(task))
  if task.odd then forget(task) end
  if task.deadline then redis.call('ZREM', P .. @due, 'exp:' .. task.id) end
  if followed(task.watchers) then
    if task.odd then tell(task.id, task.watchers, false)
    else tellLine(task, request.worker .. ' ' .. request.executor .. ' ' .. run, false)
    end
  end
  local _, _, bytes = readEntry(entry)
  task.bytes = tonumber(bytes)
  return task, task.id .. ' ' .. token .. ' ' .. attempt .. ' ' .. text(task.charged) .. ' ' .. (task.cancelRequested or '-') .. ' ' .. task.facts .. ' '
    .. task.times .. ' ' .. run
end

-- Small inputs travel with the batch; '' for one that does not, or is gone.
local function addInputs(tasks, keys, places)
  if #keys == 0 then return end
  for i, input in ipairs(redis.call('MGET', unpack(keys))) do
    if input then tasks[places[i]] = input end
  end
end

-- Takes the longest batch from the head of one lane; returns its tasks as claim answers them, their signature, and how many entries it took.
local function take(want, rank, request)
  local lane = P .. @lane .. want.pool .. ':' .. rank
  local most = rank == 'solo' and 1 or want.maxTasks
  local entries = undelivered(lane, most + 1)
  if #entries == 0 then
    notReady(want.pool, rank)
    return {}, '', 0
  end
  local count = prefixLength(entries, { maxTasks = most, maxRows = want.maxRows }, request.maxBytes)
  redis.call('XREADGROUP', 'GROUP', 'w', request.executor, 'COUNT', count, 'STREAMS', lane, '>')
  if count == #entries then notReady(want.pool, rank) end
  request.pool = want.pool
  request.queue, request.model, request.version = string.match(want.pool, '^(%S-):(%S-):(%S+)$')
  local tasks, keys, places = {}, {}, {}
  for i = 1, count do
    local task, line = start(entries[i], rank, request)
    if task then
      local at = #tasks + 1
      tasks[at], tasks[at + 1] = line, ''
      if task.bytes <= %inlineBytes then keys[#keys + 1], places[#places + 1] = P .. @payload .. task.id, at + 1 end
    end
  end
  addInputs(tasks, keys, places)
  if count < #entries then ring(want.pool) end
  local _, _, _, signature = readEntry(entries[1])
  return tasks, signature, count
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
        notReady(want[1], bestRank)
      else
        local time = tonumber(string.match(head[1], '^%d+'))
        if not oldest or time < oldestTime then oldest, oldestTime = want, time end
      end
    end
    if not oldest then return choose(pools, solo) end
  end
  return { pool = oldest[1], maxTasks = oldest[2], maxRows = oldest[3] }, bestRank
end

local function waitForBell(request, queues, offer)
  redis.call('HSET', P .. @executor .. request.executor, 'idle', '1', 'offer', offer)
  for _, pools in ipairs(queues) do
    for _, want in ipairs(pools) do
      redis.call('ZADD', P .. @idle .. want[1], nowText, request.executor)
      redis.call('PEXPIRE', P .. @idle .. want[1], %registryTtl)
    end
  end
end

-- Entries that one claim drops at most before it gives up, so that a lane full of void ones does not block Redis.
local mostDropped = 500

local function claim(packed)
  local request = { executor = packed[1], worker = packed[2], device = packed[3], maxBytes = packed[4] }
  local wait, solo, queues = packed[5] == 1, packed[6] == 1, packed[7]
  local v = redis.call('HMGET', P .. @executor .. request.executor, 'idle', 'handed')
  local idle, handed = v[1], packed[9]
  if not idle then return { 'unregistered' } end
  if handed and handed ~= (tonumber(v[2]) or 0) then return { 'handed' } end
  local offer = packed[8] == 1 and cmsgpack.pack(packed) or ''
  if idle == '1' then redis.call('HSET', P .. @executor .. request.executor, 'idle', '0') end
  local dropped = 0
  for _, pools in ipairs(queues) do
    while true do
      local want, rank = choose(pools, solo)
      if not want then break end
      local tasks, signature, taken = take(want, rank, request)
      if #tasks > 0 then return { 'claimed', want.pool, rank, signature, tasks, lowestReady(want.pool, solo) and 1 or 0 } end
      dropped = dropped + taken
      if dropped >= mostDropped then
        if wait then
          waitForBell(request, queues, offer)
          ring(want.pool)
        end
        return { 'empty' }
      end
    end
  end
  if wait then waitForBell(request, queues, offer) end
  return { 'empty' }
end
