-- A holder stops for good: what it still holds goes back to the head of its list, and nobody waits for its leases.
--
-- ARGV  1 holder
-- reply how many went back
local now, returned = now_ms(), 0
for _, lease in ipairs(newest_first(redis.call('HKEYS', K.holder .. ARGV[1]))) do
  returned = returned + give_back(lease, now, 'given_back')
end
redis.call('ZREM', K.holders, ARGV[1])
redis.call('DEL', K.stop .. ARGV[1], K.holder .. ARGV[1])
return returned
