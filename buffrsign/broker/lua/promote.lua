#!lua flags=allow-oom
-- Move what is due from the schedule into its queue, oldest first.
--
-- KEYS  1 schedule
-- ARGV  1 how many at most   2 record prefix   3 TTL of a waiting record in s
-- reply {moved, ids whose record was gone, ms until the next is due, or -1 when nothing is scheduled}
local schedule = KEYS[1]
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local moved, gone = 0, {}
for _, job_id in ipairs(redis.call('ZRANGEBYSCORE', schedule, '-inf', now, 'LIMIT', 0, ARGV[1])) do
  local record = ARGV[2] .. job_id
  local message, queue, unique = unpack(redis.call('HMGET', record, 'message', 'queue', 'unique'))
  if message and queue then
    redis.call('LPUSH', queue, message)
    redis.call('HSET', record, 'state', 'ready')
    redis.call('HDEL', record, 'message')
    redis.call('EXPIRE', record, ARGV[3])
    if unique then
      redis.call('EXPIRE', unique, ARGV[3])
    end
    moved = moved + 1
  else
    gone[#gone + 1] = job_id
  end
  redis.call('ZREM', schedule, job_id)
end

local next_one = redis.call('ZRANGE', schedule, 0, 0, 'WITHSCORES')
return {moved, gone, next_one[2] and math.max(0, next_one[2] - now) or -1}
