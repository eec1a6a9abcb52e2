-- Keep what Celery says of a task in the record of its job, and wake who waits for it.
--
-- A job of ours that has begun speaks for itself: its end and its result were written in one step, and what Celery says
-- of it must agree. Only what no record has, such as the tasks that follow, is added to it. A plain Celery task's meta
-- is the whole truth; once that is a success it stands, so a run that was delivered twice changes nothing.
--
-- ARGV  1 job id   2 Celery's status   3 '1' if that is final   4 the meta, encoded
--       5 the part of it that no record has, encoded, or ''   6 TTL in s   7 channel   8 '1' if its task is one of ours
-- reply 1, or 0 if nothing was written and nobody was woken: it is not so, or was said before
local job_id, status, is_final, meta, rest, ttl, channel, is_ours = unpack(ARGV)
local record = K.record .. job_id
local state, starts, result, stored = recorded(record, 'state', 'starts', 'result', 'meta_status')
local speaks = is_ours == '1' and starts
local ends_as = { done = 'SUCCESS', dead = 'FAILURE', cancelled = 'REVOKED' }

local function keep(value, of_status)
  redis.call('HSET', record, 'meta', value, 'meta_status', of_status)
end

if speaks and is_final == '1' then
  if ends_as[state] ~= status then
    return 0 -- it will be delivered again, or ended otherwise while this run thought that it had it
  end
  if status == 'SUCCESS' and not result then
    keep(meta, status) -- asked for by a message that our producer did not make
  elseif rest ~= '' then
    keep(rest, '')
  end
elseif not speaks then
  if stored == 'SUCCESS' then
    return 0
  end
  keep(meta, status)
  if state ~= 'scheduled' and state ~= 'retrying' and (is_final == '1' or not state) then
    redis.call('EXPIRE', record, ttl)
  end
end
redis.call('PUBLISH', channel, meta)
return 1
