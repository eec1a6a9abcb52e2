-- Move a job that waits in the schedule to another time; one that is due now is promoted at once. Its expiry moves with it.
--
-- ARGV  1 job id   2 delay in ms   3 due time in ms ('': use the delay)
-- reply the due time in ms, or 0 if it waits no longer
local record = K.record .. ARGV[1]
local state, ready_at, expires_at = unpack(redis.call('HMGET', record, 'state', 'ready_at', 'expires_at'))
if state ~= 'scheduled' and state ~= 'retrying' then
  return 0
end
local due = ARGV[3] == '' and now_ms() + ARGV[2] or tonumber(ARGV[3])
if expires_at then
  redis.call('HSET', record, 'expires_at', expires_at + due - ready_at)
end
to_schedule(ARGV[1], due, {'state', state})
return due
