-- On the way back to stock workers: suspects go to the head of their queue's list, the longest waiting at the very head.
--
-- ARGV  1 queue   2 how many at most
-- reply how many went
local suspects = redis.call('ZRANGE', K.suspects .. ARGV[1], -ARGV[2], -1)
for at = #suspects, 1, -1 do
  redis.call('ZREM', K.suspects .. ARGV[1], suspects[at])
  redis.call('RPUSH', ARGV[1], suspects[at])
  local job_id = id_of(suspects[at])
  if job_id then
    recorded(K.record .. job_id, 'suspect')
    redis.call('HDEL', K.record .. job_id, 'suspect')
  end
end
ring(K.bell .. ARGV[1])
return #suspects
