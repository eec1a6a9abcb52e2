#!lua flags=allow-oom
-- A job becomes a dead letter: kept with its reason and its message as it came, until a person decides.
-- Its key is free again: who asks once more, the cause removed, is not told "duplicate".
-- Where a job runs twice, its lease having run out, the first end stands, and a try that was scheduled is not needed.
--
-- KEYS  1 record   2 dead letters   3 this dead letter   4 schedule
-- ARGV  1 letter id (the job id)   2 kind   3 queue   4 reason   5 error   6 worker   7 message   8 TTL of an ended record in s
-- reply 1, or 0 if it had ended already
local record, letters, letter, schedule = unpack(KEYS)
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local state, started_at, unique, starts, postponed =
  unpack(redis.call('HMGET', record, 'state', 'started_at', 'unique', 'starts', 'postponed'))
if state == 'done' or state == 'dead' or state == 'cancelled' then
  return 0
end
local attempts = (starts or 0) - (postponed or 0)
redis.call('HSET', record, 'kind', ARGV[2], 'queue', ARGV[3], 'state', 'dead', 'error', ARGV[5], 'ended_at', now,
  'ran_ms', math.max(0, now - (started_at or now)))
redis.call('HSETNX', record, 'enqueued_at', now)
redis.call('HDEL', record, 'message')
redis.call('ZREM', schedule, ARGV[1])
redis.call('EXPIRE', record, ARGV[8])
if unique and redis.call('GET', unique) == ARGV[1] then
  redis.call('DEL', unique)
end
redis.call('ZADD', letters, now, ARGV[1])
redis.call('HSET', letter, 'kind', ARGV[2], 'queue', ARGV[3], 'reason', ARGV[4], 'error', ARGV[5], 'worker', ARGV[6],
  'attempts', attempts, 'message', ARGV[7], 'died_at', now)
return 1
