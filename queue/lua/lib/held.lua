-- heldBy(executor): what is pending under an executor's name, found in the lanes and not by memory: { { lane, entry, task or nil }, ... }.
local function heldBy(executor)
  local held = {}
  for _, name in ipairs(redis.call('SMEMBERS', P .. @lanes)) do
    local lane = P .. @lane .. name
    local pending = redis.pcall('XPENDING', lane, 'w', '-', '+', 10000, executor)
    if not pending.err then
      for _, item in ipairs(pending) do
        local entry = redis.call('XRANGE', lane, item[1], item[1])[1]
        local task = entry and load(taskOf(entry))
        if task and (task.state ~= 'running' or task.entry ~= item[1]) then task = nil end
        held[#held + 1] = { lane, item[1], task }
      end
    end
  end
  return held
end

local function drop(item)
  redis.call('XACK', item[1], 'w', item[2])
  redis.call('XDEL', item[1], item[2])
end
