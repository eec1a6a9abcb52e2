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
local now, lease, counts = now_ms(), ARGV[4], {}
if not holds(lease) then
  return {'lost', ''}
end
local answer, lasts = begin_job({id = ARGV[1], kind = ARGV[2], queue = ARGV[3], lease = lease, worker = ARGV[5],
  retries = tonumber(ARGV[6]), expires_at = ARGV[7], keeps_result = ARGV[8] == '1'}, now, counts)
if answer[1] ~= 'begun' and not lasts then
  release(lease)
end
write_ends({}, counts, now)
return answer
