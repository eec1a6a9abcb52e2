-- A job is done, and its lease ends with it. Where a job ran twice, its lease having run out, the first end stands, and
-- a try that was scheduled is not needed. A record that was lost is made anew.
--
-- ARGV  1 job id   2 kind   3 queue   4 lease or ''   5 outcome   6 what the task returned, as JSON: kept where asked for; or ''
--       7 '1' if Celery goes on from here, with a chain or a chord: the lease then lasts until it has, and is acknowledged
-- reply 1, or 0 if it had ended already
local job_id = ARGV[1]
local record = K.record .. job_id
local now = now_ms()
if ARGV[7] ~= '1' then
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
if ARGV[7] == '1' then
  fields[#fields + 1], fields[#fields + 2] = 'follows', 1
end
end_job(job_id, 'done', now, fields)
return 1
