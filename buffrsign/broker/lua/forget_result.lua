-- Forget what a job returned, also before it has ended.
--
-- ARGV  1 job id
local record = K.record .. ARGV[1]
recorded(record, 'state')
redis.call('HDEL', record, 'result', 'keeps_result', 'meta', 'meta_status')
