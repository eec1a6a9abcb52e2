-- Records of jobs that have been ready for long, while nothing waits in their list: somebody took their messages who tells
-- us nothing, as a stock worker does. They, and their keys, expire a day later. Looks at a part of all names.
--
-- ARGV  1 cursor, '0' to begin   2 how many names to look at
-- reply {cursor to go on with, or '0', how many will expire}
local now, forgotten, empty = now_ms(), 0, {}

local function is_empty(list)
  if empty[list] == nil then
    empty[list] = count_ready(list) == 0
  end
  return empty[list]
end

local found = redis.call('SCAN', ARGV[1], 'MATCH', K.record .. '*', 'COUNT', ARGV[2], 'TYPE', 'string')
for _, record in ipairs(found[2]) do
  local text = redis.call('GET', record)
  local is_known, terms = pcall(expand, text)
  if is_known and terms.a and now - terms.a > L.waiting_ttl_s * 1000 and is_empty(terms.l or terms.q) then
    redis.call('EXPIRE', record, L.ended_ttl_s)
    if terms.u then
      redis.call('EXPIRE', K.unique .. terms.u, L.ended_ttl_s)
    end
    forgotten = forgotten + 1
  end
end
return {found[1], forgotten}
