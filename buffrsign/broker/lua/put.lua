-- Accept one message from Celery itself: `apply_async`, `retry`, a chain's next task. Publishing it again, after an answer
-- that was lost, changes nothing: a job id is accepted once for each time that Celery has retried or replaced it.
--
-- ARGV  1 job id   2 kind   3 queue   4 list   5 message   6 due time in ms, or ''   7 '1' if the result is kept
--       8 which publication of this id it is: retries, plus replacements times a thousand
-- reply 1, or 0 if it was here before, or its job has ended
local job_id, queue = ARGV[1], ARGV[3]
local record = K.record .. job_id
local now = now_ms()
local publication, state = recorded(record, 'publication', 'state')
if is_final(state) or redis.call('EXISTS', record) == 1 and tonumber(ARGV[8]) <= tonumber(publication or 0) then
  return 0
end
ensure_record(job_id, ARGV[2], queue, now)
redis.call('HSET', record, 'kind', ARGV[2], 'publication', ARGV[8], 'retries', ARGV[8] % 1000)
redis.call('HDEL', record, 'suspect') -- Celery publishes an id again when its run came back
if ARGV[7] == '1' then
  redis.call('HSET', record, 'keeps_result', '1')
end
local due = tonumber(ARGV[6])
if due and due > now then
  to_schedule(job_id, due, {'state', tonumber(ARGV[8]) > 0 and 'retrying' or 'scheduled', 'message', ARGV[5], 'list', ARGV[4]})
else
  redis.call('HSET', record, 'state', 'ready', 'ready_at', now)
  redis.call('HDEL', record, 'lease')
  enter(ARGV[4], ARGV[5])
  ring(K.bell .. queue)
end
return 1
