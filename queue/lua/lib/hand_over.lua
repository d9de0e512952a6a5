-- @include claim
-- Handing a batch to an executor that waits, in place of ringing it: two hops fewer for a task that finds it so.

-- Inputs that do not fit into a publication are read by the executor.
local function shorten(tasks)
  local size = 0
  for i = 2, #tasks, 2 do
    size = size + #tasks[i - 1] + #tasks[i]
    if size > mostPublished then tasks[i] = '' end
  end
end

-- Claims for executors that wait for these pools, as they would themselves, at most one for each entry.
local function handOver()
  -- Claims may leave entries of further pools behind: the list grows while it is walked.
  for _, pool in ipairs(toRing) do
    while rings[pool] > 0 do
      local executor, offer, handed
      local served = pool
      if lowestReady(pool, true) then executor, offer, handed = wakeOne(pool) end
      if not executor then
        rings[pool] = 0
      elseif offer == '' then
        bell(executor)
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
  end
end
