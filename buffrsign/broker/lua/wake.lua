-- Queues are looked at again by who waits for them, and held jobs whether there is room: a person has changed something.
--
-- ARGV  queues
for _, list in ipairs(redis.call('HKEYS', K.held)) do
  for _, name in ipairs(redis.call('ZRANGE', K.held_by .. list, 0, -1)) do
    redis.call('ZADD', K.held_by .. list, 0, name)
  end
end
for _, queue in ipairs(ARGV) do
  ring(K.bell .. queue)
end
return #ARGV
