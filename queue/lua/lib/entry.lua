-- A lane's entry has one field, 't': task id, rows, bytes and signature. One, because Redis copies every field of every entry that it delivers.
local function packEntry(id, rows, bytes, signature)
  return id .. ' ' .. rows .. ' ' .. bytes .. ' ' .. signature
end

local function taskOf(entry)
  return string.match(entry[2][2], '^%S+')
end

-- id, rows, bytes, signature
local function readEntry(entry)
  return string.match(entry[2][2], '^(%S+) (%d+) (%d+) (.*)$')
end
