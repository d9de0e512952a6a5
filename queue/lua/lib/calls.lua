-- @include inbox
-- Calls that hold a task, each named after the inbox of its server: `<inbox>/<number>`, separated by spaces.

-- Whether any of them is on a server that listens. One that was killed does not tell of its calls; one whose connection broke listens again soon.
local function anyHeard(calls)
  for call in string.gmatch(calls or '', '%S+') do
    if listens(string.match(call, '^(.*)/')) then return true end
  end
  return false
end
