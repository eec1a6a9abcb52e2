-- How far a running job is, and whether somebody asked it to stop.
--
-- ARGV  1 job id   2 lease or ''   3 how far, as JSON, or '': only ask
-- reply '' (go on), 'stop', or 'lost' if another delivery has the job now
local record = K.record .. ARGV[1]
if not holds(ARGV[2]) then
  return 'lost'
end
local cancel = recorded(record, 'cancel')
if ARGV[3] ~= '' then
  redis.call('HSET', record, 'progress', ARGV[3])
end
return cancel == '1' and 'stop' or ''
