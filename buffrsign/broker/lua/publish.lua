#!lua
-- Accept one job: its record, and its message in the queue's list or in the schedule. Once per job id and per key.
-- No allow-oom flag: a full Redis refuses the whole job, so its producer knows.
--
-- KEYS  1 record   2 queue list   3 schedule   4 bell   5 unique key, or the record again when the job has no key
--       6 key secret fingerprint
-- ARGV  1 job id   2 kind   3 queue   4 message   5 delay in ms (0: now)   6 due time in ms ('': use the delay)
--       7 '1' if the job has a key   8 fingerprint of the producer's key secret   9 record prefix
--       10 TTL of a waiting record in s   11 '1' if the result is kept
-- reply {'created', due_ms} | {'duplicate', job id that stands} | {'other_secret', ''}
local record, list, schedule, bell, unique, fingerprint = unpack(KEYS)
local job_id, kind, queue, message = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local keyed = ARGV[7] == '1'

if redis.call('EXISTS', record) == 1 then
  return {'duplicate', job_id}
end
if keyed then
  local known = redis.call('GET', fingerprint)
  if known and known ~= ARGV[8] then
    return {'other_secret', ''}
  end
  local standing = redis.call('GET', unique)
  if standing and redis.call('EXISTS', ARGV[9] .. standing) == 1 then
    return {'duplicate', standing}
  end
end

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local due = ARGV[6] == '' and now + ARGV[5] or tonumber(ARGV[6])
local waits = due > now

redis.call('HSET', record, 'kind', kind, 'queue', queue, 'state', waits and 'scheduled' or 'ready',
  'enqueued_at', now, 'ready_at', waits and due or now, 'keeps_result', ARGV[11])
if keyed then
  redis.call('SET', fingerprint, ARGV[8])
  if waits then
    redis.call('SET', unique, job_id)
  else
    redis.call('SET', unique, job_id, 'EX', ARGV[10])
  end
  redis.call('HSET', record, 'unique', unique)
end
if waits then
  redis.call('HSET', record, 'message', message)
  redis.call('ZADD', schedule, due, job_id)
  if redis.call('ZRANGE', schedule, 0, 0)[1] == job_id then
    redis.call('LPUSH', bell, 1)
    redis.call('LTRIM', bell, 0, 0)
  end
else
  redis.call('EXPIRE', record, ARGV[10])
  redis.call('LPUSH', list, message)
end
return {'created', due}
