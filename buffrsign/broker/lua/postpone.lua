-- A job goes back to the schedule, as a retry or because it is too early, and its lease ends with that. Where a job runs
-- twice, its lease having run out, only the run that holds a lease puts it back: one job never has two next tries.
--
-- ARGV  1 job id   2 kind   3 queue   4 lease or ''   5 message for the next try   6 delay in ms
--       7 the state it waits in: 'retrying' or 'scheduled'   8 why, in a sentence   9 retries before this delivery
-- reply the due time in ms, or 0 if the job had ended, was put back already, or is another's now
local job_id, lease = ARGV[1], ARGV[4]
local record = K.record .. job_id
local now = now_ms()
if not holds(lease) then
  return 0
end
release(lease)
ensure_record(job_id, ARGV[2], ARGV[3], now)
local state, retries, started_at, cancel =
  recorded(record, 'state', 'retries', 'started_at', 'cancel')
if is_final(state) or tonumber(ARGV[9]) < tonumber(retries or 0) then
  return 0
end
if cancel == '1' then
  end_job(job_id, 'cancelled', now, {'error', 'it was stopped'})
  return 0
end
local due = now + ARGV[6]
redis.call('HINCRBY', record, ARGV[7] == 'retrying' and 'failures' or 'postponed', 1)
redis.call('HDEL', record, 'suspect') -- its run came back
count(ARGV[3], ARGV[7] == 'retrying' and 'retried' or 'postponed')
to_schedule(job_id, due, {'state', ARGV[7], 'message', ARGV[5], 'error', ARGV[8], 'retries', ARGV[9] + 1,
  'ran_ms', math.max(0, now - (started_at or now))})
return due
