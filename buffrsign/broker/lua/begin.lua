-- A task begins. The start is counted here, not in the process that may die of it. Asking again, after an answer that
-- was lost, counts no second start. Any answer but `begun` ends the delivery's lease, unless what follows a job that is
-- done may not be published yet: then the acknowledgement ends it.
--
-- ARGV  1 job id   2 kind   3 queue   4 lease or ''   5 worker   6 retries before this delivery   7 expires at, in ms, or ''
--       8 '1' if the message asks that the result is kept
-- reply {'begun', '', starts including this one, times postponed, crashes before}
--       {'done' | 'dead' | 'cancelled', result so far}   it has ended
--       {'scheduled' | 'retrying' | 'ready', ''}         its next try was put into the schedule meanwhile
--       {'running', ''}                                  another delivery of it runs, and still holds its lease
--       {'lost', ''}                                     this delivery's lease ran out before it could begin
local job_id, lease = ARGV[1], ARGV[4]
local record = K.record .. job_id
local now = now_ms()
if not holds(lease) then
  return {'lost', ''}
end
ensure_record(job_id, ARGV[2], ARGV[3], now)
local state, result, ready_at, retries, by, cancel, expires_at =
  unpack(redis.call('HMGET', record, 'state', 'result', 'ready_at', 'retries', 'lease', 'cancel', 'expires_at'))

local follows = state == 'done' and redis.call('HGET', record, 'follows')
if follows then
  return {state, follows} -- what follows was not published, or nobody knows; its acknowledgement ends the lease
end
if is_final(state) or tonumber(ARGV[6]) < tonumber(retries or 0) then
  release(lease)
  return {state, result or ''}
end
local repeated = state == 'running' and lease ~= '' and by == lease
if state == 'running' and lease ~= '' and by and not repeated and holds(by) then
  release(lease)
  return {'running', ''}
end
expires_at = tonumber(expires_at or ARGV[7])
if cancel == '1' or (expires_at and now > expires_at) then
  release(lease)
  end_job(job_id, 'cancelled', now, {'error', cancel == '1' and 'it was stopped' or 'it expired before it started'})
  return {'cancelled', ''}
end

if state == 'running' and lease == '' then
  redis.call('HINCRBY', record, 'crashes', 1) -- only a process that never came back leaves a job like that
end
if not repeated then
  redis.call('HINCRBY', record, 'starts', 1)
  redis.call('HSET', record, 'state', 'running', 'worker', ARGV[5], 'started_at', now,
    'waited_ms', math.max(0, now - (ready_at or now)))
  redis.call('HDEL', record, 'message', 'progress', 'deferred_at')
  if ARGV[8] == '1' then
    redis.call('HSET', record, 'keeps_result', '1')
  end
  if lease ~= '' then
    redis.call('HSET', record, 'lease', lease)
  end
  leave_schedule(job_id, redis.call('HGET', record, 'series'))
  redis.call('EXPIRE', record, L.waiting_ttl_s)
  count(ARGV[3], 'started')
end
local starts, postponed, crashes, unique = unpack(redis.call('HMGET', record, 'starts', 'postponed', 'crashes', 'unique'))
if unique then
  redis.call('EXPIRE', unique, L.waiting_ttl_s)
end
return {'begun', '', tonumber(starts), tonumber(postponed or 0), tonumber(crashes or 0)}
