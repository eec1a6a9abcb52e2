-- Move a job that waits in the schedule to another time; one that is due now is promoted at once. Its expiry moves with it.
-- A compact record says neither, and stays as it is.
--
-- ARGV  1 job id   2 delay in ms   3 due time in ms ('': use the delay)
-- reply the due time in ms, or 0 if it waits no longer
local job_id, record = ARGV[1], K.record .. ARGV[1]
local due = ARGV[3] == '' and now_ms() + ARGV[2] or tonumber(ARGV[3])
local text = redis.pcall('GET', record)
if type(text) == 'string' then
  local terms = expand(text)
  if terms.a then
    return 0
  end
  hold_until(due, job_id, terms.s)
  return due
end
local state, ready_at, expires_at = unpack(redis.call('HMGET', record, 'state', 'ready_at', 'expires_at'))
if state ~= 'scheduled' and state ~= 'retrying' then
  return 0
end
if expires_at then
  redis.call('HSET', record, 'expires_at', expires_at + due - ready_at)
end
to_schedule(job_id, due, {'state', state})
return due
