-- Dead letters go back to their queues, each as a new job under its old id: nothing is counted against it any more.
--
-- ARGV  1 '1' to change nothing and only say what would happen   then for each letter: job id, when it died in ms, and
--       its message as it is to be delivered
-- reply for each letter, in this order: {'requeued', ''}
--       {'gone', ''}          it is no dead letter any more, or died again since it was looked at
--       {'alive', state}      a job with its id was accepted since
--       {'duplicate', job id} another job has its key now
local now, dry = now_ms(), ARGV[1] == '1'

local function requeue(job_id, died_at, message)
  local record, letter = K.record .. job_id, K.dead_letter .. job_id
  local kind, queue, died, unique, keeps_result =
    unpack(redis.call('HMGET', letter, 'kind', 'queue', 'died_at', 'unique', 'keeps_result'))
  if died ~= died_at then
    return {'gone', ''}
  end
  local state = recorded(record, 'state')
  if state and state ~= 'dead' then
    return {'alive', state}
  end
  unique = unique and unique ~= '' and unique
  local standing = unique and redis.call('GET', unique)
  if standing and standing ~= job_id and redis.call('EXISTS', K.record .. standing) == 1 then
    return {'duplicate', standing}
  end
  if dry then
    return {'requeued', ''}
  end
  redis.call('ZREM', K.dead, job_id)
  redis.call('DEL', letter)
  redis.call('ZREM', K.ended, job_id)
  redis.call('HDEL', record, 'starts', 'failures', 'crashes', 'postponed', 'retries', 'publication', 'deferred_at',
    'started_at', 'ended_at', 'waited_ms', 'ran_ms', 'worker', 'outcome', 'error', 'progress', 'result', 'meta',
    'meta_status', 'list', 'expires_at', 'follows')
  redis.call('HSETNX', record, 'enqueued_at', now)
  redis.call('HSET', record, 'kind', kind, 'queue', queue, 'state', 'ready', 'ready_at', now)
  if keeps_result == '1' then
    redis.call('HSET', record, 'keeps_result', '1')
  end
  redis.call('EXPIRE', record, L.waiting_ttl_s)
  if unique then
    redis.call('HSET', record, 'unique', unique)
    redis.call('SET', unique, job_id, 'EX', L.waiting_ttl_s)
  end
  enter(queue, message)
  ring(K.bell .. queue)
  count(queue, 'requeued')
  return {'requeued', ''}
end

local reply = {}
for at = 2, #ARGV, 3 do
  reply[#reply + 1] = requeue(ARGV[at], ARGV[at + 1], ARGV[at + 2])
end
return reply
