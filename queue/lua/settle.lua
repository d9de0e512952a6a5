#!lua flags=allow-oom
-- settle: ends attempts (complete, retry, fail, release, cancel), each checked by its token, and claims the next batch in the same call.
-- ARGV[1]   msgpack { { item, ... }, claim request or false }, item = { verb, id, token, ranMs, { batchTasks, batchRows }, ... } and then
--           complete: partial, large, size | retry: { code, message, detail }, delay | fail: { code, message, detail } | release: solo | cancel: nothing
-- ARGV[1+i] complete: the encoded output, '' where it was staged
-- reply     { { 'accepted' | 'refused' | 'missing', ... }, claim reply or '' }; 'missing': the staged output is not there, send it again.
--           A staged output that is not accepted, or not for the first time, is unlinked
-- @include base
-- @include claim
-- @include settle/complete
-- @include settle/fail
-- @include settle/retry
-- @include settle/release

local function settle(item, payload)
  local task = load(item[2])
  local staged = item[1] == 'complete' and item[7] == 1 and P .. @staged .. item[2] .. ':' .. item[3]
  local accepted = task and task.settled == item[3]
  if accepted or not task or task.state ~= 'running' or task.token ~= item[3] then
    if staged then redis.call('UNLINK', staged) end
    return accepted and 'accepted' or 'refused'
  end
  if staged and redis.call('EXISTS', staged) == 0 then return 'missing' end
  leave(task.pool, task.rank, task.entry)
  redis.call('HSET', task.record, $settled, task.token, $ranMs, item[4], $batchTasks, item[5][1], $batchRows, item[5][2])
  if item[1] == 'complete' then complete(task, item, payload)
  elseif item[1] == 'retry' then retry(task, item[6], item[7])
  elseif item[1] == 'fail' then fail(task, item[6])
  elseif item[1] == 'release' then release(task, item[6] == 1 and 'solo' or 'returned')
  else finish(task, 'cancelled', { 'CANCELLED', 'The task was cancelled while it ran.', '' })
  end
  return 'accepted'
end

local request = cmsgpack.unpack(ARGV[1])
local outcomes = {}
for i, item in ipairs(request[1]) do outcomes[i] = settle(item, ARGV[1 + i]) end
local reply = { outcomes, request[2] and claim(request[2]) or '' }
conclude()
return reply
