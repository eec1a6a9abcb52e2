-- A job becomes a dead letter, and its lease ends with it. Its key is free again: who asks once more, the cause removed,
-- is not told "duplicate". Where a job ran twice, its lease having run out, only the run that holds a lease may do this.
--
-- ARGV  1 job id   2 kind   3 queue   4 lease or ''   5 reason   6 error   7 worker   8 message, or '': as it was leased
-- reply 1, or 0 if it had ended already, or is another's now
local job_id, lease, message = ARGV[1], ARGV[4], ARGV[8]
local now = now_ms()
if not holds(lease) then
  return 0
end
if lease ~= '' then
  local _, came = leased(lease)
  message = message ~= '' and message or came
  release(lease)
end
ensure_record(job_id, ARGV[2], ARGV[3], now)
if is_final(recorded(K.record .. job_id, 'state')) then
  return 0
end
bury(job_id, now, {kind = ARGV[2], queue = ARGV[3], reason = ARGV[5], error = ARGV[6], worker = ARGV[7], message = message})
return 1
