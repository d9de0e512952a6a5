#!lua flags=allow-oom
-- announce: a worker's heartbeat. Registers its executors, so that they may claim, and keeps what it serves known for 7 days.
-- ARGV[1] msgpack { worker, announcement (JSON), { queue, ... }, { executor, ... }, { model:version, ... }, holder (JSON), lease }
-- reply   'taken', and nothing is announced: another instance holds the name | 'modelsLost': the announcement of a model is gone, as
--         after a flush of the database | 'known'
-- @include base
-- @include worker_name
local ttl = %registryTtl
local request = cmsgpack.unpack(ARGV[1])
local worker, outcome = request[1], 'known'
if hold(worker, request[6], request[7]) then return 'taken' end
redis.call('SET', P .. @worker .. worker, request[2], 'PX', ttl)
redis.call('ZADD', P .. @workers, now, worker)
for _, queue in ipairs(request[3]) do redis.call('ZADD', P .. @queues, now, queue) end
for _, executor in ipairs(request[4]) do
  local record = P .. @executor .. executor
  redis.call('HSETNX', record, 'idle', '0')
  redis.call('PEXPIRE', record, %executorTtl)
  redis.call('ZADD', P .. @executors, now, executor)
end
for _, model in ipairs(request[5]) do
  redis.call('ZADD', P .. @models, now, model)
  if redis.call('PEXPIRE', P .. @model .. model, ttl) == 0 then outcome = 'modelsLost' end
end
redis.call('ZREMRANGEBYSCORE', P .. @executors, '-inf', now - %executorTtl)
for _, set in ipairs({ @workers, @queues, @models }) do redis.call('ZREMRANGEBYSCORE', P .. set, '-inf', now - ttl) end
return outcome
