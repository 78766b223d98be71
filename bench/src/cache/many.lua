
-- Asks for keys at random, each as likely as any other. KEYS is set above. Every request is
-- written before the load begins.
local asked = {}

init = function(args)
  for number = 1, KEYS do
    asked[number] = wrk.format("GET", "/cache/1k/" .. number)
  end
  math.randomseed(thread_number)
end

local random = math.random
request = function()
  return asked[random(KEYS)]
end

local threads = 0
setup = function(thread)
  threads = threads + 1
  thread:set("thread_number", threads)
end
