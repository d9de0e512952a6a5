-- @include snapshot
-- Events for inboxes: collected while a script works, one publication for each inbox at its end.
local outbox = {}
-- A publication stays under 256 KB.
local mostPublished = 200000

local function post(inbox, event, size)
  local box = outbox[inbox]
  if not box then
    box = { size = 0 }
    outbox[inbox] = box
  elseif box.size + size > mostPublished then
    redis.call('SPUBLISH', P .. @inbox .. inbox, cmsgpack.pack(box.events))
    box.size, box.events = 0, nil
  end
  box.events = box.events or {}
  box.size = box.size + size
  box.events[#box.events + 1] = event
end

-- How many bytes a snapshot takes in a publication, roughly and not less.
local function sizeOf(shot)
  local size = 200 + #shot[3] + #shot[4] + #shot[5]
  for _, value in ipairs(shot[2]) do size = size + #value + 5 end
  for _, execution in ipairs(shot[6]) do size = size + #execution + 5 end
  return size
end

-- Calls `post` for each inbox that hears of a task. One that is written with a dot before it hears of the end only.
local function toWatchers(watchers, ended, event, size)
  for name in string.gmatch(watchers or '', '%S+') do
    local inbox = string.match(name, '^%.(.*)$')
    if not inbox then post(name, event, size)
    elseif ended and not string.find(' ' .. watchers .. ' ', ' ' .. inbox .. ' ', 1, true) then post(inbox, event, size)
    end
  end
end

-- Whether anybody hears of a change that is not the end.
local function followed(watchers)
  return watchers and string.find(' ' .. watchers, ' [^.]') ~= nil
end

-- Tells the watchers of a task what it looks like now.
local function tell(id, watchers, ended)
  if not watchers or not (ended or followed(watchers)) then return end
  local shot = snapshot(id)
  local event, size = { 's', now, shot }, sizeOf(shot)
  if size > 100000 then event, size = { 'w', id }, 100 end
  toWatchers(watchers, ended, event, size)
end

-- The same for a task without anything odd, with its output: { 't', now, line, output }, the line as queue/snapshot.ts names its values.
-- `rest`: worker, executor and `run`, then `end` where it has ended.
local function tellLine(task, rest, ended, output)
  local line = task.id .. ' ' .. task.state .. ' ' .. task.queue .. ' ' .. task.model .. ' ' .. task.version .. ' ' .. task.facts .. ' ' .. task.times
    .. ' ' .. text(task.attempt) .. ' ' .. text(task.sequence) .. ' ' .. rest
  toWatchers(task.watchers, ended, { 't', now, line, output or '' }, 50 + #line + (output and #output or 0))
end

local function tellChunk(id, watchers, sequence, attempt, index, payload)
  if not followed(watchers) then return end
  local small = #payload <= %inlineBytes
  local event = small and { 'c', now, id, sequence, attempt, index, payload } or { 'w', id }
  toWatchers(watchers, false, event, 100 + (small and #payload or 0))
end

local function publish()
  for inbox, box in pairs(outbox) do
    if box.events then redis.call('SPUBLISH', P .. @inbox .. inbox, cmsgpack.pack(box.events)) end
  end
end
