-- A message that was leased waits in the schedule as it came: a stock producer gave it a time, or no worker here knows
-- its task yet. No attempt is spent.
--
-- ARGV  1 job id   2 kind   3 queue   4 lease or ''   5 message, or '': as it was leased   6 due time in ms, or '' and
--       7 delay in ms   8 why, in a sentence, or ''   9 its list
-- reply ms since it was first deferred for its reason; -1 if it is due already, or not ours to defer, and nothing was done
local job_id, lease, due = ARGV[1], ARGV[4], tonumber(ARGV[6])
local message = ARGV[5]
local record = K.record .. job_id
local now = now_ms()
if (due and due <= now) or not holds(lease) then
  return -1
end
if lease ~= '' then
  local _, came = leased(lease)
  message = message ~= '' and message or came
  release(lease)
end
ensure_record(job_id, ARGV[2], ARGV[3], now)
local state, retries, by = recorded(record, 'state', 'retries', 'lease')
local waits = state == 'scheduled' or state == 'retrying'
if is_final(state) or waits or (by and holds(by)) or try_of(message) < tonumber(retries or 0) then
  return 0 -- a copy, or a try that is over: another message of the job counts
end
if state == 'running' and by == lease then
  redis.call('HINCRBY', record, 'starts', -1) -- it was begun when it was given out, and nobody ran it
end
local fields = {'state', 'scheduled', 'message', message}
if ARGV[9] ~= ARGV[3] then
  fields[5], fields[6] = 'list', ARGV[9]
end
if ARGV[8] ~= '' then
  redis.call('HSETNX', record, 'deferred_at', now)
  redis.call('HSET', record, 'error', ARGV[8])
end
to_schedule(job_id, due or now + ARGV[7], fields)
return now - (redis.call('HGET', record, 'deferred_at') or now)
