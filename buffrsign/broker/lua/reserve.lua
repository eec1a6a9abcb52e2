-- A holder takes jobs: at no instant is one of them outside Redis. In the same step: what it has settled is forgotten,
-- what is due is promoted, and what a dead holder held goes back.
--
-- ARGV  1 holder   2 lease in ms   3 how many jobs at most   4 number of the first lease   5 how many are settled
--       then lease and job id of each settled one, then the lists to take from, in this order
-- reply {ms until the next scheduled job is due, or -1; '1' if the one job that follows must run alone;
--        outcomes of what was taken back {back, suspect, dead, cancelled}; then lease, list, message of each job}
local holder, lease_ms, credit, number = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local lists_from = 6 + 2 * ARGV[5]
local now = now_ms()

for at = 6, lists_from - 1, 2 do
  acknowledge(ARGV[at], ARGV[at + 1], now)
end
redis.call('ZADD', K.holders, now + lease_ms, holder)
local _, _, next_ms = promote(100, now)
local taken_back = recover(now, lease_ms)

local function hold(list, message)
  local lease = holder .. '.' .. number
  number = number + 1
  credit = credit - 1
  redis.call('HSET', K.holder .. holder, lease, list .. '\0' .. message)
  return lease
end

local reply = {next_ms, '0', {taken_back.back, taken_back.suspect, taken_back.dead, taken_back.cancelled}}
local held = redis.call('HLEN', K.holder .. holder)
for at = lists_from, #ARGV do
  local suspects = K.suspects .. ARGV[at]
  local message, since = unpack(redis.call('ZRANGE', suspects, 0, 0, 'WITHSCORES'))
  if credit > 0 and message and (held == 0 or now - since >= L.suspect_waits_ms) then
    redis.call('ZREM', suspects, message)
    reply[2] = '1'
    reply[4], reply[5], reply[6] = hold(ARGV[at], message), ARGV[at], message
    credit = 0
  end
end
for at = lists_from, #ARGV do
  if credit > 0 then
    for _, message in ipairs(redis.call('RPOP', ARGV[at], credit) or {}) do
      local filled = #reply
      reply[filled + 1], reply[filled + 2], reply[filled + 3] = hold(ARGV[at], message), ARGV[at], message
    end
  end
end
if credit == 0 then
  for at = lists_from, #ARGV do
    if redis.call('EXISTS', ARGV[at], K.suspects .. ARGV[at]) > 0 then
      ring(K.bell .. queue_of(ARGV[at]))
    end
  end
end
return reply
