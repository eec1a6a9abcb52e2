#!lua flags=allow-oom
-- Take back a job that has not started. A scheduled one is removed; a ready one is dropped by the worker that pops it.
--
-- KEYS  1 record   2 schedule
-- ARGV  1 job id   2 TTL of an ended record in s   3 TTL of a waiting record in s, which a ready job's keeps: its
--       message is still in the list, and only the record says that it must not run
-- reply 1 if it was still waiting, else 0
local record, schedule = unpack(KEYS)
local state, unique = unpack(redis.call('HMGET', record, 'state', 'unique'))
if state ~= 'scheduled' and state ~= 'ready' then
  return 0
end
local time = redis.call('TIME')
redis.call('ZREM', schedule, ARGV[1])
redis.call('HDEL', record, 'message')
redis.call('HSET', record, 'state', 'cancelled', 'ended_at', time[1] * 1000 + math.floor(time[2] / 1000))
redis.call('EXPIRE', record, state == 'ready' and ARGV[3] or ARGV[2])
if unique and redis.call('GET', unique) == ARGV[1] then
  redis.call('DEL', unique)
end
return 1
