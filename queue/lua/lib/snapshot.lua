-- snapshot(id, output): what one moment of a task looks like, or false for an unknown id.
-- { id, { field, value, ... }, output or '', metadata or '', error or '', { execution, ... } }; decoded by queue/snapshot.ts.
-- `output` spares reading it back where the caller has just written it; outputs above the inline size are left out.
local function snapshot(id, output)
  local fields = redis.call('HGETALL', P .. @record .. id)
  if #fields == 0 then return false end
  local metadata, failure, history = '', '', {}
  for i = 1, #fields, 2 do
    local name = fields[i]
    if name == $outputBytes then
      if not output and tonumber(fields[i + 1]) <= %inlineBytes then output = redis.call('GET', P .. @output .. id) end
    elseif name == $progressMessage and fields[i + 1] == '' then fields[i + 1] = redis.call('GET', P .. @progress .. id) or ''
    elseif name == $hasMetadata then metadata = redis.call('GET', P .. @metadata .. id) or ''
    elseif name == $hasError then failure = redis.call('GET', P .. @error .. id) or ''
    elseif name == $hasHistory then history = redis.call('LRANGE', P .. @history .. id, 0, -1)
    end
  end
  if output and #output > %inlineBytes then output = '' end
  return { id, fields, output or '', metadata, failure, history }
end
