-- A worker's name belongs to one instance of it, until that was not heard for half a lease: a heartbeat and a half.
-- Gives { holder, ms since it was heard } where another instance holds the name.
local function hold(worker, holder, lease)
  local key = P .. @workerName .. worker
  local held = redis.call('GET', key)
  if held and held ~= holder then
    local silent = lease - redis.call('PTTL', key)
    if silent < lease / 2 then return { held, silent } end
  end
  redis.call('SET', key, holder, 'PX', lease)
end
