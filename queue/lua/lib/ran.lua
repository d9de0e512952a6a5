-- How a run went, as `end` in queue/record.ts has it: milliseconds, and tasks and rows of its batch.
local function ranOf(item)
  return text(item[4]) .. ' ' .. text(item[5]) .. ' ' .. text(item[6])
end
