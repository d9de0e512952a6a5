-- Counters: summed while a script works, written once at its end.
local sums = {}

-- Adds to a hash's field, or with the field '' to a string.
local function tally(key, field, by)
  local fields = sums[key]
  if not fields then
    fields = {}
    sums[key] = fields
  end
  fields[field] = (fields[field] or 0) + by
end

local function writeCounts()
  for key, fields in pairs(sums) do
    for field, by in pairs(fields) do
      if field == '' then redis.call('INCRBY', key, by) else redis.call('HINCRBY', key, field, by) end
    end
  end
end
