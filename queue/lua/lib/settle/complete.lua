-- complete: stores the result of an attempt. item: { partial, large, size }, payload: the encoded output, '' where it was staged.
local function complete(task, item, payload)
  local staged = P .. @staged .. task.id .. ':' .. task.token
  local large = item[7] == 1
  if task.cancelRequested or task.ignore then
    if large then redis.call('UNLINK', staged) end
    if task.cancelRequested then return finish(task, 'cancelled', { 'CANCELLED', 'The task was cancelled while it ran.', '' }) end
    return finish(task, 'succeeded')
  end
  local size = item[8]
  if large then
    redis.call('RENAME', staged, P .. @output .. task.id)
    redis.call('PEXPIREAT', P .. @output .. task.id, now + task.ttl)
  else
    redis.call('SET', P .. @output .. task.id, payload, 'PXAT', now + task.ttl)
  end
  task.outputBytes = size
  redis.call('HSET', task.record, $outputBytes, size)
  if item[6] == 1 then redis.call('HSET', task.record, $partial, '1') end
  finish(task, 'succeeded', nil, not large and payload or nil)
end
