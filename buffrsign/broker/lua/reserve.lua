-- A holder takes jobs: at no instant is one of them outside Redis. In the same step: what it has settled is forgotten,
-- what is due is promoted, and what a dead holder held goes back.
--
-- A worker whose tasks run in the holder's own process has them begun here, which saves it a question for each.
--
-- ARGV  1 holder   2 lease in ms   3 how many jobs at most   4 number of the first lease
--       5 how many are settled; and, if jobs are to begin: how many are done, and the worker, with spaces between
--       then lease and job id of each settled one, seven values of each that is done (see `finish_all`), and the lists
--       to take from, in this order
-- reply {ms until the next scheduled job is due, or -1; '1' if the one job that follows must run alone;
--        outcomes of what was taken back {back, suspect, dead, cancelled}; then lease, list, message of each job,
--        and, if jobs are to begin, of each: 'begun <attempt> <crashes>'; '' if its worker has to begin it; or, with no
--        lease any more, why it does not run: 'done', 'dead', 'cancelled', 'running', …}
local holder, lease_ms, credit, number = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local settled, done, worker = string.match(ARGV[5], '^(%d+) ?(%d*) ?(.*)$')
local begins = done ~= ''
local now, counts = now_ms(), {}

local done_from = 6 + 2 * settled
for at = 6, done_from - 1, 2 do
  acknowledge(ARGV[at], ARGV[at + 1], now)
end
local lists_from = finish_all(ARGV, done_from, tonumber(done) or 0, now)
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

local function begin_held(lease, list, message)
  local job = plain_job(message)
  if not job then
    return ''
  end
  job.lease, job.queue, job.worker = lease, queue_of(list), worker
  local answer, lasts = begin_job(job, now, counts)
  if answer[1] == 'begun' then
    return 'begun ' .. answer[3] - answer[4] .. ' ' .. answer[5]
  end
  if lasts then
    return ''
  end
  release(lease)
  return answer[1]
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
    reply[7] = begins and begin_held(reply[4], ARGV[at], message) or nil
    credit = 0
  end
end
for at = lists_from, #ARGV do
  if credit > 0 then
    for _, message in ipairs(redis.call('RPOP', ARGV[at], credit) or {}) do
      local filled = #reply
      reply[filled + 1], reply[filled + 2], reply[filled + 3] = hold(ARGV[at], message), ARGV[at], message
      if begins then
        reply[filled + 4] = begin_held(reply[filled + 1], ARGV[at], message)
      end
    end
  end
end
write_ends({}, counts, now)
if credit == 0 then
  for at = lists_from, #ARGV do
    if redis.call('EXISTS', ARGV[at], K.suspects .. ARGV[at]) > 0 then
      ring(K.bell .. queue_of(ARGV[at]))
    end
  end
end
return reply
