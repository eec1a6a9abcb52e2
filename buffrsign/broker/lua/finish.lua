-- A job is done, and its lease ends with it. Where a job ran twice, its lease having run out, the first end stands, and
-- a try that was scheduled is not needed. A record that was lost is made anew.
--
-- ARGV  1 job id   2 kind   3 queue   4 lease or ''   5 outcome   6 what the task returned, as JSON: kept where asked for; or ''
--       7 what a chain or a chord goes on with, as JSON, or '': the lease then lasts until Celery has published what follows
-- reply 1, or 0 if it had ended already
local job_id = ARGV[1]
local record = K.record .. job_id
local now = now_ms()
local handed_on = ARGV[7] or ''
if handed_on == '' then
  release(ARGV[4])
end
ensure_record(job_id, ARGV[2], ARGV[3], now)
local state, keeps_result = unpack(redis.call('HMGET', record, 'state', 'keeps_result'))
if is_final(state) then
  return 0
end
redis.call('HDEL', record, 'error')
local fields = {'outcome', ARGV[5]}
if keeps_result == '1' and ARGV[6] ~= '' then
  fields[3], fields[4] = 'result', ARGV[6]
end
if handed_on ~= '' then
  fields[#fields + 1], fields[#fields + 2] = 'follows', handed_on
end
end_job(job_id, 'done', now, fields)
return 1
