-- On the way back to stock workers: what waits for its turn, or for a limit, goes to the end of its list.
--
-- ARGV  1 list   2 how many at most
-- reply how many went
local list, most, moved = ARGV[1], tonumber(ARGV[2]), 0
for _, name in ipairs(redis.call('ZRANGE', K.held_by .. list, 0, -1)) do
  local message = moved < most and let_go(list, name)
  while message do
    redis.call('LPUSH', list, message)
    moved = moved + 1
    message = moved < most and let_go(list, name)
  end
end
while moved < most do
  local tenant = redis.call('LPOP', K.turns .. list) or redis.call('LPOP', K.guests .. list)
  if not tenant then
    end_guests(list)
    redis.call('DEL', K.window .. list)
    break
  end
  local messages = tenant ~= '' and from_backlog(list, tenant, 1) or {}
  if messages[1] then
    redis.call('LPUSH', list, messages[1])
    redis.call('RPUSH', K.turns .. list, tenant)
    moved = moved + 1
  end
end
return moved
