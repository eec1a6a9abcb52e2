#!lua flags=allow-oom
-- A job is done: its record says so and is kept for a while; its key stays taken for as long.
-- Where a job runs twice, its lease having run out, the first end stands, and a try that was scheduled is not needed.
--
-- KEYS  1 record   2 schedule
-- ARGV  1 outcome   2 TTL of an ended record in s   3 what the task returned, as JSON: kept where it was asked for
--       4 job id   5 kind   6 queue: a record that was lost is made anew
-- reply 1, or 0 if it had ended already
local record, schedule = unpack(KEYS)
local state = redis.call('HGET', record, 'state')
if state == 'done' or state == 'dead' or state == 'cancelled' then
  return 0
end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local started_at, unique, keeps_result = unpack(redis.call('HMGET', record, 'started_at', 'unique', 'keeps_result'))
redis.call('HSETNX', record, 'enqueued_at', now)
redis.call('HSET', record, 'kind', ARGV[5], 'queue', ARGV[6], 'state', 'done', 'outcome', ARGV[1], 'ended_at', now,
  'ran_ms', math.max(0, now - (started_at or now)))
redis.call('HDEL', record, 'error', 'message')
redis.call('ZREM', schedule, ARGV[4])
if keeps_result == '1' then
  redis.call('HSET', record, 'result', ARGV[3])
end
redis.call('EXPIRE', record, ARGV[2])
if unique then
  redis.call('EXPIRE', unique, ARGV[2])
end
return 1
