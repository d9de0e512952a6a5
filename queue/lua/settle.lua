#!lua flags=allow-oom
-- settle: ends attempts (complete, retry, fail, release, cancel), each checked by its token, and claims the next batch in the same call.
-- ARGV[1]   msgpack { { item, ... }, claim request or false }, item = { verb, id, token, ranMs, batchTasks, batchRows } and then
--           complete: partial, large, size | retry: { code, message, detail }, delay | fail: { code, message, detail } | release: solo | cancel: nothing
-- ARGV[1+i] complete: the encoded output, '' where it was staged
-- reply     { { 'accepted' | 'refused' | 'missing', ... }, claim reply or '' }; 'missing': the staged output is not there, send it again.
--           A staged output that is not accepted, or not for the first time, is unlinked
-- @include base
-- @include claim
-- @include ran
-- @include settle/complete
-- @include settle/fail
-- @include settle/retry
-- @include settle/release

local function settle(item, payload)
  local verb, token = item[1], item[3]
  local task = load(item[2])
  local staged = verb == 'complete' and item[8] == 1 and P .. @staged .. item[2] .. ':' .. token
  local accepted = task and (task.state == 'succeeded' and task.token or task.settled) == token
  if accepted or not task or task.state ~= 'running' or task.token ~= token then
    if staged then redis.call('UNLINK', staged) end
    return accepted and 'accepted' or 'refused'
  end
  if staged and redis.call('EXISTS', staged) == 0 then return 'missing' end
  leave(task.pool, task.rank, task.entry)
  if verb == 'complete' then
    complete(task, item, payload)
    return 'accepted'
  end
  local ran = ranOf(item) .. ' - -'
  redis.call('HSET', task.record, $settled, token, $odd, '1')
  if verb == 'retry' then retry(task, item[7], item[8], ran)
  elseif verb == 'fail' then fail(task, item[7], ran)
  elseif verb == 'release' then release(task, item[7] == 1 and 'solo' or 'returned', nil, ran)
  else finish(task, 'cancelled', CANCELLED_RUNNING, ran)
  end
  return 'accepted'
end

local request = cmsgpack.unpack(ARGV[1])
local outcomes = {}
for i, item in ipairs(request[1]) do outcomes[i] = settle(item, ARGV[1 + i]) end
local reply = { outcomes, request[2] and claim(request[2]) or '' }
conclude()
return reply
