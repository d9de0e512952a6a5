-- Every script: the partition's prefix and the deciding clock.
local P = KEYS[1]
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)

-- Whole numbers as Redis stores them. Handed over as numbers they would be printed with 17 digits, which takes longer than most commands.
local texts = {}
local function text(number)
  local known = texts[number]
  if not known then
    known = string.format('%d', number)
    texts[number] = known
  end
  return known
end
local nowText = text(now)

-- Lower is served first.
local RANKS = { solo = 0, returned = 1, ['9'] = 2, ['8'] = 3, ['7'] = 4, ['6'] = 5, ['5'] = 6, ['4'] = 7, ['3'] = 8, ['2'] = 9, ['1'] = 10, ['0'] = 11 }
