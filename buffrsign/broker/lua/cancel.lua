-- Take back a job. One that waits is removed from the schedule, or dropped by the worker that takes it; one that runs is
-- asked to stop, if the caller wants that: the wish is in its record, and survives its worker.
--
-- ARGV  1 job id   2 '1' to stop it where it runs
-- reply 'cancelled', 'asked', or '' if it was too late
local job_id = ARGV[1]
local record = K.record .. job_id
local state, lease = recorded(record, 'state', 'lease')
if state == 'scheduled' or state == 'retrying' or state == 'ready' then
  local left_s = redis.call('TTL', record)
  end_job(job_id, 'cancelled', now_ms(), {})
  if state == 'ready' then
    -- Its message is in a list, or in a stock worker's memory, and only the record says not to run it.
    redis.call('EXPIRE', record, math.max(left_s, L.waiting_ttl_s))
  end
  return 'cancelled'
end
if state == 'running' and ARGV[2] == '1' then
  redis.call('HSET', record, 'cancel', '1')
  if lease then
    local stop = K.stop .. holder_of(lease)
    redis.call('RPUSH', stop, lease)
    redis.call('EXPIRE', stop, 3600)
  end
  return 'asked'
end
return ''
