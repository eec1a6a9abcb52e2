#!lua flags=allow-oom
-- A worker begins a job. The start is counted here, not in the process that may die of it.
-- A stock Celery producer makes no record: its jobs get one now.
--
-- KEYS  1 record
-- ARGV  1 kind   2 queue   3 worker   4 TTL of a running record in s   5 retries before this delivery
-- reply {state before, result so far, starts including this one, failures, times postponed}; no starts: it has ended,
--       or its next try has been scheduled, so this delivery is the repeat of one that was settled
local record = KEYS[1]
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local state, result, ready_at, retries = unpack(redis.call('HMGET', record, 'state', 'result', 'ready_at', 'retries'))
state = state or 'unknown'
local ended = state == 'done' or state == 'dead' or state == 'cancelled'
if ended or tonumber(ARGV[5]) < tonumber(retries or 0) then
  return {state, result or '', 0, 0, 0}
end
if state == 'unknown' then
  redis.call('HSET', record, 'kind', ARGV[1], 'queue', ARGV[2], 'enqueued_at', now)
  ready_at = now
end
local starts = redis.call('HINCRBY', record, 'starts', 1)
redis.call('HSET', record, 'state', 'running', 'worker', ARGV[3], 'started_at', now,
  'waited_ms', math.max(0, now - (ready_at or now)))
redis.call('EXPIRE', record, ARGV[4])
local failures, postponed, unique = unpack(redis.call('HMGET', record, 'failures', 'postponed', 'unique'))
if unique then
  redis.call('EXPIRE', unique, ARGV[4])
end
return {state, result or '', starts, failures or 0, postponed or 0}
