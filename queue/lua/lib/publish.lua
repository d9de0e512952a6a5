-- @include snapshot
-- Events for inboxes: collected while a script works, one publication for each inbox at its end.
local outbox = {}

local function post(inbox, event, size)
  local box = outbox[inbox]
  if not box then
    box = { size = 0 }
    outbox[inbox] = box
  elseif box.size + size > 200000 then
    -- A publication stays under 256 KB.
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

-- Tells all watchers of a task what it looks like now.
local function tell(id, watchers, output)
  if not watchers or watchers == '' then return end
  local shot = snapshot(id, output)
  local event, size = { 's', now, shot }, sizeOf(shot)
  if size > 100000 then event, size = { 'w', id }, 100 end
  for inbox in string.gmatch(watchers, '%S+') do post(inbox, event, size) end
end

local function tellChunk(id, watchers, sequence, attempt, index, payload)
  if not watchers or watchers == '' then return end
  local small = #payload <= %inlineBytes
  local event = small and { 'c', now, id, sequence, attempt, index, payload } or { 'w', id }
  for inbox in string.gmatch(watchers, '%S+') do post(inbox, event, 100 + (small and #payload or 0)) end
end

local function publish()
  for inbox, box in pairs(outbox) do
    if box.events then redis.call('SPUBLISH', P .. @inbox .. inbox, cmsgpack.pack(box.events)) end
  end
end
