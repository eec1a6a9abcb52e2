#!lua flags=allow-oom
-- A job goes back to the schedule, as a retry or because it is too early. Where a job runs twice, its lease having run
-- out, only the first of the two puts it back: one job never has two next tries.
--
-- KEYS  1 record   2 schedule   3 bell
-- ARGV  1 job id   2 message for the next try   3 delay in ms   4 the counter that grows: 'failures' or 'postponed'
--       5 why, in a sentence   6 retries before this delivery   7 kind   8 queue: a record that was lost is made anew
-- reply the due time in ms, or 0 if the job had ended or was put back already
local record, schedule, bell = unpack(KEYS)
local job_id = ARGV[1]
local state, retries, started_at, unique =
  unpack(redis.call('HMGET', record, 'state', 'retries', 'started_at', 'unique'))
local ended = state == 'done' or state == 'dead' or state == 'cancelled'
if ended or tonumber(ARGV[6]) < tonumber(retries or 0) then
  return 0
end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local due = now + ARGV[3]
redis.call('HINCRBY', record, ARGV[4], 1)
redis.call('HSETNX', record, 'enqueued_at', now)
redis.call('HSET', record, 'kind', ARGV[7], 'queue', ARGV[8], 'state', 'scheduled', 'message', ARGV[2], 'ready_at', due, 'error', ARGV[5],
  'retries', ARGV[6] + 1, 'ran_ms', math.max(0, now - (started_at or now)))
redis.call('PERSIST', record)
if unique then
  redis.call('PERSIST', unique)
end
redis.call('ZADD', schedule, due, job_id)
if redis.call('ZRANGE', schedule, 0, 0)[1] == job_id then
  redis.call('LPUSH', bell, 1)
  redis.call('LTRIM', bell, 0, 0)
end
return due
