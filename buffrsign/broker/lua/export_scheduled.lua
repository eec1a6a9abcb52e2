-- On the way back to stock workers: jobs leave the schedule for their lists, as messages that carry their own time.
-- A record stays, long enough to outlive its message's wait in a stock worker.
--
-- ARGV  for each job: id, SHA-1 of its message as it was read, its due time in ms as it was read, its message with its time
-- reply how many went; one that was moved, cancelled or promoted since it was read stays as it is
local moved = 0
for at = 1, #ARGV, 4 do
  local job_id, due = ARGV[at], ARGV[at + 2]
  local record = K.record .. job_id
  local message, queue, list, unique, ready_at, series =
    recorded(record, 'message', 'queue', 'list', 'unique', 'ready_at', 'series')
  if message and ready_at == due and redis.sha1hex(message) == ARGV[at + 1] and redis.call('ZSCORE', K.schedule, job_id) then
    local expires_at = math.max(now_ms(), tonumber(due)) + L.waiting_ttl_s * 1000
    leave_schedule(job_id, series)
    redis.call('HSET', record, 'state', 'ready')
    redis.call('HDEL', record, 'message')
    redis.call('PEXPIREAT', record, expires_at)
    if unique then
      redis.call('PEXPIREAT', unique, expires_at)
    end
    redis.call('LPUSH', list or queue, ARGV[at + 3])
    moved = moved + 1
  end
end
return moved
