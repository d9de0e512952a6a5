-- @include claim
-- Handing a batch to an executor that waits, in place of ringing it: two hops fewer for a task that finds it so.

-- A publication stays under 256 KB: inputs that do not fit are read by the executor.
local function shorten(tasks)
  local size = 0
  for i = 2, #tasks, 2 do
    size = size + #tasks[i - 1] + #tasks[i]
    if size > 200000 then tasks[i] = '' end
  end
end

-- Claims for executors that wait for these pools, as they would themselves, at most one for each entry.
local function handOver()
  local at = 1
  -- Claims may leave entries of further pools behind, which are rung for too.
  while at <= #toRing do
    local pool = toRing[at]
    while rings[pool] > 0 do
      local executor, offer, handed
      local served = pool
      if lowestReady(pool, true) then executor, offer, handed = wakeOne(pool) end
      if not executor then
        rings[pool] = 0
      elseif offer == '' then
        redis.call('SPUBLISH', P .. @inbox .. executor, cmsgpack.pack({ { 'b' } }))
      else
        local request = cmsgpack.unpack(offer)
        request[9] = tonumber(handed) or 0
        local reply = claim(request)
        -- Nothing that it takes: it waits again, and is rung, as it would have been without this.
        if reply[1] ~= 'claimed' then break end
        local number = redis.call('HINCRBY', P .. @executor .. executor, 'handed', 1)
        shorten(reply[5])
        redis.call('SPUBLISH', P .. @inbox .. executor, cmsgpack.pack({ { 'h', number, reply } }))
        served = reply[2]
      end
      -- One that had something more urgent to take leaves this pool's entries to the next.
      if served == pool then rings[pool] = rings[pool] - 1 end
    end
    at = at + 1
  end
end
