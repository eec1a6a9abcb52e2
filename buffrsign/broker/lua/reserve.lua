-- A holder takes jobs: at no instant is one of them outside Redis. In the same step: what it has settled is forgotten,
-- what is due is promoted, and what a dead holder held goes back.
--
-- A worker whose tasks run in the holder's own process has them begun here, which saves it a question for each. Queues
-- that are paused give nothing. A job that the fleet has no room for under a limit is held, and comes before those behind
-- it as soon as there is. While more urgent jobs wait, the less urgent ones get one place in eight.
--
-- ARGV  1 holder   2 lease in ms   3 how many jobs at most   4 number of the first lease
--       5 how many are settled; and, if jobs are to begin: how many are done, and the worker, with spaces between
--       then lease and job id of each settled one, seven values of each that is done (see `finish_all`), and the lists
--       to take from: of all queues the most urgent, then the next ones
-- reply {ms until there may be more to take without a bell, or -1; '1' if the one job that follows must run alone;
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
local _, _, next_ms = promote(math.max(credit, 16), now)
local taken_back = recover(now, lease_ms)
local lists, is_plain = open_lists({unpack(ARGV, lists_from)})
local is_limited = not is_plain and redis.call('EXISTS', K.limits, K.held) > 0
local reply = {next_ms, '0', {taken_back.back, taken_back.suspect, taken_back.dead, taken_back.cancelled}}

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

-- One command writes all leases that are new.
local fresh = {}
local function hold_fresh()
  if #fresh > 0 then
    redis.call('HSET', K.holder .. holder, unpack(fresh))
    fresh = {}
  end
end

local function give(list, message, limits)
  local lease, filled = holder .. '.' .. number, #reply
  number = number + 1
  credit = credit - 1
  fresh[#fresh + 1], fresh[#fresh + 2] = lease, list .. '\0' .. message
  if limits then
    hold_fresh() -- a limit counts only what is held
    spend(limits, lease, now)
  end
  reply[filled + 1], reply[filled + 2], reply[filled + 3] = lease, list, message
  if begins then
    reply[filled + 4] = ''
  end
end

local function give_suspect(list, is_idle)
  local suspects = K.suspects .. list
  local message, since = unpack(redis.call('ZRANGE', suspects, 0, 0, 'WITHSCORES'))
  if credit <= 0 or not message or not (is_idle or now - since >= L.suspect_waits_ms) then
    return
  end
  local limits = is_limited and limits_of(message)
  if not limits or not refusing(limits, now) then
    redis.call('ZREM', suspects, message)
    reply[2], credit = '1', 1
    give(list, message, limits)
  end
end

-- What a limit held goes first, in its order.
local function give_held(list)
  for _, name in ipairs(redis.call('ZRANGE', K.held_by .. list, '-inf', now, 'BYSCORE', 'LIMIT', 0, 16)) do
    local looked, waits_for = 0, nil
    while credit > 0 and looked < L.looked_at_once and not waits_for do
      looked = looked + 1
      local message = redis.call('LINDEX', K.held .. ':' .. list .. ':' .. name, -1)
      local limits = message and limits_of(message)
      local refused_by, until_ms = refusing(limits or {}, now)
      if not message then
        redis.call('ZREM', K.held_by .. list, name)
        break
      elseif refused_by == name then
        redis.call('ZADD', K.held_by .. list, until_ms, name)
        waits_for = name
      else
        let_go(list, name)
        if refused_by then
          hold_back(list, message, refused_by, until_ms)
        else
          give(list, message, limits)
        end
      end
    end
  end
end

local function give_from(list, most)
  local looked, credit_before = 0, credit
  while most > 0 and looked < L.looked_at_once do
    local messages = is_plain and (redis.call('RPOP', list, most) or {}) or take_in_turn(list, most)
    if #messages == 0 then
      break
    end
    looked = looked + #messages
    for _, message in ipairs(messages) do
      local limits = is_limited and limits_of(message)
      local refused_by, until_ms = nil, nil
      if limits then
        refused_by, until_ms = waiting_before(list, limits), nil
        if not refused_by then
          refused_by, until_ms = refusing(limits, now)
        end
      end
      if refused_by then
        hold_back(list, message, refused_by, until_ms)
      else
        give(list, message, limits)
        most = most - 1
      end
    end
  end
  return credit_before - credit
end

local is_idle = redis.call('HLEN', K.holder .. holder) == 0
for _, list in ipairs(lists) do
  give_suspect(list, is_idle)
end
if is_limited then
  for _, list in ipairs(lists) do
    give_held(list)
  end
end
local urgent, others = by_urgency(lists)
local share, first = share_of(urgent, others, credit)
for _, list in ipairs(urgent) do
  give_from(list, credit - share)
end
for turn = 0, share > 0 and #others - 1 or -1 do
  share = share - give_from(others[(first + turn - 1) % #others + 1], share)
end
for _, some in ipairs({urgent, others}) do
  for _, list in ipairs(some) do
    give_from(list, credit)
  end
end
hold_fresh()
for at = 4, begins and #reply or 0, 4 do
  reply[at + 3] = begin_held(reply[at], reply[at + 1], reply[at + 2])
end
write_ends({}, counts, now)
if is_limited then
  reply[1] = math.min(reply[1] < 0 and 1e15 or reply[1], ms_until_room(lists, now))
  reply[1] = reply[1] == 1e15 and -1 or reply[1]
end
if credit == 0 then
  for _, list in ipairs(lists) do
    if redis.call('EXISTS', list, K.suspects .. list, K.guests .. list) > 0 then
      ring(K.bell .. queue_of(list))
    end
  end
end
return reply
