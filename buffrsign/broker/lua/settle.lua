-- A holder settles deliveries: some are acknowledged, some jobs are done, others go back to the head of their list.
--
-- ARGV  1 how many are acknowledged, and after a space how many are done
--       then lease and job id of each that is acknowledged, seven values of each that is done (see `finish_all`), and
--       each lease that goes back, or '~' and a lease that goes back only if its job has not begun
-- reply the leases, of those that should go back, that this holder has no more
local now = now_ms()
local acknowledged, done = string.match(ARGV[1], '^(%d+) ?(%d*)$')
local done_from = 2 + 2 * acknowledged
for at = 2, done_from - 1, 2 do
  acknowledge(ARGV[at], ARGV[at + 1], now)
end
local back_from = finish_all(ARGV, done_from, tonumber(done) or 0, now)
local gone = {}
for at = back_from, #ARGV do
  local unstarted = string.match(ARGV[at], '^~(.*)$')
  local lease = unstarted or ARGV[at]
  local _, message = leased(lease)
  if message and not (unstarted and has_begun(lease, id_of(message))) then
    give_back(lease, now, 'given_back')
    message = nil
  end
  if not message then
    gone[#gone + 1] = lease
  end
end
return gone
