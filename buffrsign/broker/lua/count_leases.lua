-- Count what holders have, by list. Costs about 1 µs for each.
--
-- reply list, count, list, count, …
local counts = {}
for _, holder in ipairs(redis.call('ZRANGE', K.holders, 0, -1)) do
  for _, value in ipairs(redis.call('HVALS', K.holder .. holder)) do
    local list = string.sub(value, 1, string.find(value, '\0', 1, true) - 1)
    counts[list] = (counts[list] or 0) + 1
  end
end
local reply = {}
for list, leased in pairs(counts) do
  reply[#reply + 1] = list
  reply[#reply + 1] = leased
end
return reply
