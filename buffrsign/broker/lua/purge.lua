-- Drop jobs that wait in a list, or for their turn in it, or for a limit: each is cancelled, so that nobody waits for it.
--
-- ARGV  1 list   2 how many at most
-- reply how many were dropped
local list, most = ARGV[1], tonumber(ARGV[2])
local now, messages = now_ms(), {}
repeat
  local some = take_in_turn(list, most - #messages)
  for _, message in ipairs(some) do
    messages[#messages + 1] = message
  end
until #some == 0 or #messages == most
for _, name in ipairs(redis.call('ZRANGE', K.held_by .. list, 0, -1)) do
  local message = #messages < most and let_go(list, name)
  while message do
    messages[#messages + 1] = message
    message = #messages < most and let_go(list, name)
  end
end
for _, message in ipairs(messages) do
  local job_id = id_of(message)
  if job_id and recorded(K.record .. job_id, 'state') == 'ready' then
    end_job(job_id, 'cancelled', now, {'error', 'its queue was purged'})
  end
end
return #messages
