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

-- Tells all watchers of a task what it looks like now.
local function tell(id, watchers, output)
  if not watchers or watchers == '' then return end
  local shot = snapshot(id, output)
  local event = { 's', now, shot }
  for inbox in string.gmatch(watchers, '%S+') do post(inbox, event, 600 + #shot[3] + #shot[4] + #shot[5]) end
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
