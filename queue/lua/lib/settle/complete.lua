-- complete: stores the result of an attempt in the input's place. item: { partial, large, size }, payload: the encoded output, '' where it was staged.

local function complete(task, item, payload)
  local large, size = item[8] == 1, item[9]
  local staged = P .. @staged .. task.id .. ':' .. task.token
  if task.cancelRequested or task.ignored then
    if large then redis.call('UNLINK', staged) end
    large, size, payload = false, nil, nil
  end
  local ran = ranOf(item) .. ' ' .. (size and text(size) or '-') .. ' ' .. (size and item[7] == 1 and '1' or '-')
  if task.cancelRequested then
    redis.call('HSET', task.record, $settled, task.token)
    return finish(task, 'cancelled', CANCELLED_RUNNING, ran)
  end
  if size then
    local result, expires = P .. @payload .. task.id, text(now + task.ttl)
    if task.kept then keepInput(task, now + task.ttl) end
    if large then
      redis.call('RENAME', staged, result)
      redis.call('PEXPIREAT', result, expires)
    else
      redis.call('SET', result, payload, 'PXAT', expires)
    end
  end
  local ended = close(task, 'succeeded', ran, size)
  if not task.watchers then return end
  if task.odd then return tell(task.id, task.watchers, true) end
  tellLine(task, task.worker .. ' ' .. task.executor .. ' ' .. task.run .. ' ' .. ended, true, not large and payload)
end
