-- Dead letters are thrown away, with their messages. Their records say for the rest of their day how they ended.
--
-- ARGV  1 '1' to change nothing and only say what would happen   then for each letter: job id, when it died in ms
-- reply for each letter, in this order: {'discarded', ''}
--       {'gone', ''} it is no dead letter any more, or died again since it was looked at
local reply = {}
for at = 2, #ARGV, 2 do
  local job_id = ARGV[at]
  local queue, died_at = unpack(redis.call('HMGET', K.dead_letter .. job_id, 'queue', 'died_at'))
  local known = died_at == ARGV[at + 1]
  if known and ARGV[1] ~= '1' then
    redis.call('ZREM', K.dead, job_id)
    redis.call('DEL', K.dead_letter .. job_id)
    count(queue, 'discarded')
  end
  reply[#reply + 1] = {known and 'discarded' or 'gone', ''}
end
return reply
