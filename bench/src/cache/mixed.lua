
-- Asks for keys by Zipf's law (the n-th is 1/n as likely as the first), and for a share of keys
-- that nobody asked for before. KEYS, MISSES and SEED are set above.
local SLOTS = 262144
local asked, misses = {}, 0

init = function(args)
  local all = 0
  for number = 1, KEYS do all = all + 1 / number end
  local slot, sum = 1, 0
  for number = 1, KEYS do
    local one = wrk.format("GET", "/cache/1k/" .. number)
    sum = sum + 1 / number / all
    while slot <= SLOTS and ((slot - 0.5) / SLOTS <= sum or number == KEYS) do
      asked[slot] = one
      slot = slot + 1
    end
  end
  math.randomseed(SEED + thread_number)
end

local random = math.random
request = function()
  if random() < MISSES then
    misses = misses + 1
    return wrk.format("GET", "/cache/1k/miss-" .. SEED .. "-" .. thread_number .. "-" .. misses)
  end
  return asked[random(SLOTS)]
end

local threads = 0
setup = function(thread)
  threads = threads + 1
  thread:set("thread_number", threads)
end
