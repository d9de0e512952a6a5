#!lua flags=allow-oom
-- repair: lanes that hold undelivered entries are ready (a hint that was lost is found again), and open-version tasks of pools that
-- nobody serves move to a version that is served.
-- ARGV  from pool, to pool, to version, ... (moves)
-- reply how many lanes were repaired and tasks moved
-- @include base
-- @include task
local moves = {}
for i = 1, #ARGV, 3 do moves[ARGV[i]] = { pool = ARGV[i + 1], version = ARGV[i + 2] } end
local count = 0

local function move(lane, rank, target)
  local moved = false
  for _, entry in ipairs(undelivered(lane, 500)) do
    local task = load(entry[2][2])
    if task and task.entry == entry[1] and task.state == 'queued' and redis.call('HGET', task.record, $openVersion) then
      leave(task.pool, rank, entry[1])
      redis.call('HSET', task.record, $version, target.version)
      task.pool = target.pool
      requeue(task, rank)
      count, moved = count + 1, true
    end
  end
  return moved
end

for _, name in ipairs(redis.call('SMEMBERS', P .. @lanes)) do
  local lane = P .. @lane .. name
  local pool, rank = string.match(name, '^(.*):([^:]+)$')
  if redis.call('XLEN', lane) > 0 then
    if not (moves[pool] and move(lane, rank, moves[pool])) and #undelivered(lane, 1) > 0 then
      if redis.call('ZADD', P .. @ready .. pool, RANKS[rank], rank) == 1 then
        count = count + 1
        ring(pool)
      end
    end
  end
end
publish()
return count
