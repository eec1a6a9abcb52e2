-- A job ends otherwise than its task wished: it was stopped, revoked, or a plain Celery task failed. Its lease ends too.
--
-- ARGV  1 job id   2 kind   3 queue   4 lease or ''   5 'cancelled' or 'dead' (no dead letter: Celery keeps no message)
--       6 why, in a sentence
-- reply 1, or 0 if it had ended already, waits for its next try, or is another's now
local job_id, lease = ARGV[1], ARGV[4]
local now = now_ms()
if not holds(lease) then
  return 0
end
release(lease)
ensure_record(job_id, ARGV[2], ARGV[3], now)
local state = recorded(K.record .. job_id, 'state')
if state ~= 'running' and state ~= 'ready' then
  return 0
end
end_job(job_id, ARGV[5], now, {'error', ARGV[6]})
return 1
