#!lua flags=allow-oom
-- A job goes back to the schedule, as a retry or because it is too early.
--
-- KEYS  1 record   2 schedule   3 bell
-- ARGV  1 job id   2 message for the next try   3 delay in ms   4 the counter that grows: 'failures' or 'postponed'
--       5 why, in a sentence
-- reply the due time in ms
local record, schedule, bell = unpack(KEYS)
local job_id = ARGV[1]
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local due = now + ARGV[3]
local started_at = redis.call('HGET', record, 'started_at')
redis.call('HINCRBY', record, ARGV[4], 1)
redis.call('HSET', record, 'state', 'scheduled', 'message', ARGV[2], 'ready_at', due, 'error', ARGV[5],
  'ran_ms', math.max(0, now - (started_at or now)))
redis.call('PERSIST', record)
redis.call('ZADD', schedule, due, job_id)
if redis.call('ZRANGE', schedule, 0, 0)[1] == job_id then
  redis.call('LPUSH', bell, 1)
  redis.call('LTRIM', bell, 0, 0)
end
return due
