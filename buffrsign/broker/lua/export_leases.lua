-- On the way back to stock workers: what one holder held goes back to the head of its list, whether it had begun or
-- not; what was taken first is taken first again.
--
-- ARGV  1 holder   2 '1' to take it even from a holder that lives
-- reply how many went back, or -1: the holder lives
local holder, now, returned = ARGV[1], now_ms(), 0
if ARGV[2] ~= '1' and tonumber(redis.call('ZSCORE', K.holders, holder) or 0) > now then
  return -1
end
for _, lease in ipairs(newest_first(redis.call('HKEYS', K.holder .. holder))) do
  returned = returned + give_back(lease, now, 'given_back')
end
redis.call('ZREM', K.holders, holder)
redis.call('DEL', K.stop .. holder, K.holder .. holder)
return returned
