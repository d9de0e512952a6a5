#!lua flags=allow-oom
-- prune: dead letters past age, count or bytes; ledgers of expired results; drained lanes nobody serves; consumers that are gone.
-- ARGV  dead letters' age, count, bytes; how many letters at most in one call; then the pools that are served
-- reply how many dead letters, lanes and consumers went
-- @include base
-- @include task
local age, most, mostBytes, limit = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local gone = 0

local function bury(id)
  local task = load(id)
  redis.call('ZREM', P .. @dead, id)
  gone = gone + 1
  if not task then return end
  redis.call('ZREM', P .. @dead .. ':' .. task.queue, id)
  redis.call('DECRBY', P .. @deadBytes, task.bytes)
  redis.call('UNLINK', task.record, P .. @payload .. id, P .. @metadata .. id, P .. @error .. id, P .. @history .. id, P .. @log .. id, P .. @progress .. id)
  if task.idempotency then redis.call('UNLINK', P .. @idempotency .. task.idempotency) end
end

for _, id in ipairs(redis.call('ZRANGEBYSCORE', P .. @dead, '-inf', now - age, 'LIMIT', 0, limit)) do bury(id) end
local excess = math.min(limit, redis.call('ZCARD', P .. @dead) - most)
if excess > 0 then
  for _, id in ipairs(redis.call('ZRANGE', P .. @dead, 0, excess - 1)) do bury(id) end
end
while gone < limit and tonumber(redis.call('GET', P .. @deadBytes) or '0') > mostBytes do
  local id = redis.call('ZRANGE', P .. @dead, 0, 0)[1]
  if not id then break end
  bury(id)
end

for _, minute in ipairs(redis.call('ZRANGEBYSCORE', P .. @retainedMinutes, '-inf', math.floor(now / 60000))) do
  redis.call('DECRBY', P .. @retained, redis.call('HGET', P .. @retainedBytes, minute) or '0')
  redis.call('HDEL', P .. @retainedBytes, minute)
  redis.call('ZREM', P .. @retainedMinutes, minute)
end

local served = {}
for i = 5, #ARGV do served[ARGV[i]] = true end
for _, name in ipairs(redis.call('SMEMBERS', P .. @lanes)) do
  local lane = P .. @lane .. name
  local pool, rank = string.match(name, '^(.*):([^:]+)$')
  if redis.call('XLEN', lane) == 0 and not served[pool] then
    redis.call('DEL', lane)
    redis.call('ZREM', P .. @ready .. pool, rank)
    redis.call('DEL', P .. @idle .. pool)
    redis.call('SREM', P .. @lanes, name)
    gone = gone + 1
  else
    local consumers = redis.pcall('XINFO', 'CONSUMERS', lane, 'w')
    if not consumers.err then
      for _, info in ipairs(consumers) do
        -- { 'name', n, 'pending', p, ... }: only those with nothing pending may go, or the delivery of their entries is lost.
        if info[4] == 0 and redis.call('EXISTS', P .. @executor .. info[2]) == 0 then
          redis.call('XGROUP', 'DELCONSUMER', lane, 'w', info[2])
          gone = gone + 1
        end
      end
    end
  end
end
return gone
