-- The scheduler's round: what is due goes into its queue, and what a dead holder held goes back.
--
-- ARGV  1 how many jobs at most   2 lease in ms
-- reply {moved, ids whose message was gone, ms until the next is due or -1, outcomes of what was taken back}
local now = now_ms()
local moved, gone, next_ms = promote(ARGV[1], now)
for _, list in ipairs(redis.call('HKEYS', K.backlogged)) do
  refill(list) -- a stock worker takes from a window without filling it up again
end
local taken_back = recover(now, tonumber(ARGV[2]))
return {moved, gone, next_ms, {taken_back.back, taken_back.suspect, taken_back.dead, taken_back.cancelled}}
