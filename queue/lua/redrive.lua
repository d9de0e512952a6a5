#!lua flags=allow-oom
-- redrive: makes a new task of a dead letter, once: it moves the inputs and takes the letter off the list. Repeated, it names the same new task.
-- The limits of submit hold for it too, but not that of memory: a dead letter's inputs are there already, and to redrive is to drain.
-- ARGV    limits as submit has them: tasks, bytes, retained bytes; then old id, new id, ...
-- reply   for each pair { 'redriven', new id } | { 'before', new id }: by an earlier call | { 'none' }: the old one is not a dead letter
--         | { 'full', what, queue }
-- @include base
-- @include task
-- @include admission
local LIMITS = { tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]) }
local COPIED = { $queue, $model, $version, $signature, $facts }

local function redrive(id, newId)
  local known = redis.call('HGET', P .. @record .. id, $redrivenTo)
  if known then return { 'before', known } end
  local task = load(id)
  if not task or task.state ~= 'failed' or not redis.call('ZSCORE', P .. @dead, id) or redis.call('EXISTS', P .. @payload .. id) == 0 then return { 'none' } end
  local what = full(task.queue, task.bytes, LIMITS)
  if what then return { 'full', what, task.queue } end
  count(task.queue, task.bytes)
  local record = P .. @record .. newId
  local values = redis.call('HMGET', task.record, unpack(COPIED))
  local fields = { $times, nowText .. ' - - -', $sequence, '1', $state, 'queued', $redrivenFrom, id, $odd, '1' }
  for i, name in ipairs(COPIED) do
    if values[i] then
      fields[#fields + 1] = name
      fields[#fields + 1] = values[i]
    end
  end
  redis.call('RENAME', P .. @payload .. id, P .. @payload .. newId)
  if redis.call('COPY', P .. @metadata .. id, P .. @metadata .. newId) == 1 then
    redis.call('PERSIST', P .. @metadata .. newId)
    fields[#fields + 1] = $hasMetadata
    fields[#fields + 1] = '1'
  end
  fields[#fields + 1] = $place
  fields[#fields + 1] = task.priority .. ' ' .. enqueue(task.pool, task.priority, newId, task.rows, text(task.bytes), values[4] or '')
  redis.call('HSET', record, unpack(fields))
  tally(P .. @bytes, task.queue, task.bytes)
  redis.call('ZREM', P .. @dead, id)
  redis.call('ZREM', P .. @dead .. ':' .. task.queue, id)
  tally(P .. @deadBytes, '', -task.bytes)
  local expires = now + (task.ignored and %ignoredResultTtl or task.ttl)
  local ended, ran = string.match(redis.call('HGET', task.record, $end), '^(%S+) %S+ (.*)$')
  redis.call('HSET', task.record, $redrivenTo, newId, $end, ended .. ' ' .. text(expires) .. ' ' .. ran, $sequence, nextSequence(task))
  expireAll(task, expires)
  return { 'redriven', newId }
end

local replies = {}
for i = 4, #ARGV, 2 do replies[#replies + 1] = redrive(ARGV[i], ARGV[i + 1]) end
writeDepths()
conclude()
return replies
