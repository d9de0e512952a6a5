-- Whether a queue takes one more task.
local depths = {}

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

-- What is full for one more task, if anything; limits = { tasks, bytes, bytes of retained results }. The count of tasks is derived,
-- kept for 100 ms, and walked anew before a refusal.
local function full(queue, bytes, limits)
  local depth = depths[queue]
  if not depth then
    local kept, at = string.match(redis.call('HGET', P .. @depth, queue) or '', '^(%d+):(%d+)$')
    local fresh = kept and now - at < 100 and tonumber(kept) < limits[1]
    depth = { count = fresh and tonumber(kept) or countWaiting(queue), at = fresh and at or now, bytes = tonumber(redis.call('HGET', P .. @bytes, queue) or '0') }
    depths[queue] = depth
    depth.retained = tonumber(redis.call('GET', P .. @retained) or '0')
  end
  if depth.count >= limits[1] and depth.at ~= now then depth.count, depth.at = countWaiting(queue), now end
  if depth.count >= limits[1] then return 'tasks' end
  if depth.bytes + bytes > limits[2] then return 'bytes' end
  if depth.retained >= limits[3] then return 'results' end
end

-- Counts a task that was let in.
local function count(queue, bytes)
  local depth = depths[queue]
  depth.count, depth.bytes = depth.count + 1, depth.bytes + bytes
end

-- Keeps the counts, at the end of a script.
local function writeDepths()
  for queue, depth in pairs(depths) do redis.call('HSET', P .. @depth, queue, depth.count .. ':' .. depth.at) end
end
