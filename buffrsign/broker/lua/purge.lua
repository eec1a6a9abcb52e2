-- Drop jobs that wait in a list: each is cancelled, so that nobody waits for it.
--
-- ARGV  1 list   2 how many at most
-- reply how many were dropped
local now, dropped = now_ms(), 0
for _, message in ipairs(redis.call('RPOP', ARGV[1], ARGV[2]) or {}) do
  local job_id = id_of(message)
  if job_id and recorded(K.record .. job_id, 'state') == 'ready' then
    end_job(job_id, 'cancelled', now, {'error', 'its queue was purged'})
  end
  dropped = dropped + 1
end
return dropped
