
-- Asks for one resource in three spellings of Accept-Encoding, in turn.
local ENCODINGS = { "gzip", "br, gzip", "identity" }
local asked, turn = {}, 0

init = function(args)
  for place, encoding in ipairs(ENCODINGS) do
    wrk.headers["Accept-Encoding"] = encoding
    asked[place] = wrk.format("GET", wrk.path)
  end
end

request = function()
  turn = turn % #asked + 1
  return asked[turn]
end
