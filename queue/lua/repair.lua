#!lua flags=allow-oom
-- repair: lanes that hold undelivered entries are ready (a hint that was lost is found again), and open-version tasks of pools that
-- nobody serves move to a version that is served.
-- ARGV[1] msgpack { { from pool, to pool, version }, ... }
-- ARGV[2] msgpack { { lane, last entry looked at }, ... }: where the moves of long lanes go on
-- reply   how many lanes were repaired and tasks moved, then lane and last entry of each lane that was not looked through
-- @include base
-- @include task
local perLane = 500
local moves, looked, reply, count = {}, {}, { 0 }, 0
for _, item in ipairs(cmsgpack.unpack(ARGV[1])) do moves[item[1]] = { pool = item[2], version = item[3] } end
for _, item in ipairs(cmsgpack.unpack(ARGV[2])) do looked[item[1]] = item[2] end

local function move(name, rank, target)
  local entries = undelivered(P .. @lane .. name, perLane, looked[name])
  for _, entry in ipairs(entries) do
    local task = load(taskOf(entry))
    if task and task.entry == entry[1] and task.state == 'queued' and string.find(task.flags, 'o', 1, true) then
      leave(task.pool, rank, entry[1])
      redis.call('HSET', task.record, $version, target.version)
      task.pool, task.version = target.pool, target.version
      requeue(task, rank)
      count = count + 1
    end
  end
  writeLeaving()
  if #entries == perLane then
    reply[#reply + 1] = name
    reply[#reply + 1] = entries[perLane][1]
  end
end

for _, name in ipairs(redis.call('SMEMBERS', P .. @lanes)) do
  local lane = P .. @lane .. name
  if redis.call('XLEN', lane) > 0 then
    local pool, rank = string.match(name, '^(.*):([^:]+)$')
    if moves[pool] then move(name, rank, moves[pool]) end
    if #undelivered(lane, 1) > 0 and redis.call('ZADD', P .. @ready .. pool, RANKS[rank], rank) == 1 then
      count = count + 1
      ring(pool)
    end
  end
end
conclude()
reply[1] = count
return reply
