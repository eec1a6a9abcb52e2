-- A holder says that it lives, and what it knows that it holds. What it does not know of went lost on the way to it,
-- in a connection that broke, and goes back. So does what a dead holder held: a busy fleet may not reserve for long.
--
-- ARGV  1 holder   2 lease in ms   3 leases below this number have arrived, if ever they will   then each lease it knows
-- reply {1, or 0 if its leases had run out; how many went back; leases whose jobs somebody asked to stop;
--        leases it knows that have ended; outcomes of what was taken back from others {back, suspect, dead, cancelled}}
local holder, lease_ms, arrived_below = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local now = now_ms()
local alive = redis.call('ZSCORE', K.holders, holder) and 1 or 0
if alive == 1 then
  redis.call('ZADD', K.holders, now + lease_ms, holder)
end
local known = {}
for at = 4, #ARGV do
  known[ARGV[at]] = true
end
local returned = 0
for _, lease in ipairs(newest_first(redis.call('HKEYS', K.holder .. holder))) do
  local number = tonumber(string.match(lease, '%.(%d+)$'))
  if number < arrived_below and not known[lease] then
    returned = returned + give_back(lease, now, 'given_back')
  end
end
local stops = redis.call('LRANGE', K.stop .. holder, 0, -1)
for _, lease in ipairs(stops) do
  if redis.call('HEXISTS', K.holder .. holder, lease) == 0 then
    redis.call('LREM', K.stop .. holder, 0, lease) -- said until it has ended: an answer may be lost
  end
end
local taken_back = {back = 0, suspect = 0, dead = 0, cancelled = 0}
if alive == 1 then
  taken_back = recover(now, lease_ms)
end
local ended = {}
for at = 4, #ARGV do
  if redis.call('HEXISTS', K.holder .. holder, ARGV[at]) == 0 then
    ended[#ended + 1] = ARGV[at]
  end
end
return {alive, returned, stops, ended, {taken_back.back, taken_back.suspect, taken_back.dead, taken_back.cancelled}}
