#!lua flags=allow-oom
-- reclaim: takes back tasks whose lease ran out. XAUTOCLAIM's idle time also counts what Redis itself was away, so the caller names
-- the Redis time of its previous reply: where more than a third of a lease has passed since, only the time is returned.
-- ARGV[1] lease, ARGV[2] Redis time of the caller's previous reply, ARGV[3] '1' when a full lease of contact lies behind it
-- reply   { now, how many were taken back, '1' when the contact held }
-- @include base
-- @include task
-- @include settle/release
local lease = tonumber(ARGV[1])
if now - ARGV[2] > lease / 3 then return { tostring(now), 0, 0 } end
if ARGV[3] ~= '1' then return { tostring(now), 0, 1 } end
-- Every process keeps contact, and one of them looks.
if not redis.call('SET', P .. @turn .. 'reclaim', '1', 'PX', math.ceil(lease / 20), 'NX') then return { tostring(now), 0, 1 } end

-- Tasks that one call takes back at most, so that Redis is never blocked for long; the next call finds the rest.
local most = 500
local count = 0
local function takeBack(lane, id)
  local entry = redis.call('XRANGE', lane, id, id)[1]
  local task = entry and load(taskOf(entry))
  redis.call('XACK', lane, 'w', id)
  redis.call('XDEL', lane, id)
  if not task or task.state ~= 'running' or task.entry ~= id then return end
  count = count + 1
  local lost = redis.call('HINCRBY', task.record, $lostLeases, '1')
  local failure = { 'WORKER_LOST', 'The worker that ran the task was lost: its lease ran out.', '' }
  if lost >= %lostLeases and not task.cancelRequested then finish(task, 'failed', failure)
  else release(task, lost >= 2 and 'solo' or 'returned', failure)
  end
end

for _, name in ipairs(redis.call('SMEMBERS', P .. @lanes)) do
  local lane = P .. @lane .. name
  local pending = count < most and redis.pcall('XPENDING', lane, 'w') or { 0 }
  if not pending.err and pending[1] > 0 then
    local cursor = '0-0'
    repeat
      local reply = redis.call('XAUTOCLAIM', lane, 'w', 'reclaimer', lease, cursor, 'COUNT', 100, 'JUSTID')
      cursor = reply[1]
      for _, id in ipairs(reply[2]) do takeBack(lane, id) end
    until cursor == '0-0' or count >= most
    -- Everything it got was acknowledged above: nothing is pending for it.
    redis.call('XGROUP', 'DELCONSUMER', lane, 'w', 'reclaimer')
  end
end
conclude()
return { tostring(now), count, 1 }
