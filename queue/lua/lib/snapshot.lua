-- snapshot(id): what one moment of a task looks like, or false for an unknown id.
-- { id, { field, value, ... }, output, metadata or '', error or '', { execution, ... } }; decoded by queue/snapshot.ts.
-- Outputs above the inline size are left out.
local function snapshot(id)
  local fields = redis.call('HGETALL', P .. @record .. id)
  if #fields == 0 then return false end
  local output, metadata, failure, history = '', '', '', {}
  for i = 1, #fields, 2 do
    local name = fields[i]
    if name == $end then
      local bytes = tonumber(string.match(fields[i + 1], '^%S+ %S+ %S+ %S+ %S+ (%S+)'))
      if bytes and bytes <= %inlineBytes then output = redis.call('GET', P .. @payload .. id) or '' end
    elseif name == $progressMessage and fields[i + 1] == '' then fields[i + 1] = redis.call('GET', P .. @progress .. id) or ''
    elseif name == $hasMetadata then metadata = redis.call('GET', P .. @metadata .. id) or ''
    elseif name == $hasError then failure = redis.call('GET', P .. @error .. id) or ''
    elseif name == $hasHistory then history = redis.call('LRANGE', P .. @history .. id, 0, -1)
    end
  end
  return { id, fields, output, metadata, failure, history }
end
