-- What records say. Nothing is changed: a compact one stays so.
--
-- ARGV  1 how many fields   then their names, and the job ids
-- reply for each job its fields, in this order
local names = {unpack(ARGV, 2, 1 + ARGV[1])}
local reply = {}
for at = 2 + ARGV[1], #ARGV do
  local record = K.record .. ARGV[at]
  local values = redis.pcall('HMGET', record, unpack(names))
  if values.err then
    local said, fields = {}, inflated(record, redis.call('GET', record))
    for field = 1, #fields, 2 do
      said[fields[field]] = fields[field + 1]
    end
    for number, name in ipairs(names) do
      values[number] = said[name] or false
    end
    values.err = nil
  end
  reply[#reply + 1] = values
end
return reply
