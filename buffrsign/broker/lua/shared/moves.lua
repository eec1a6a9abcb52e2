-- Moves of a job that others decide on: burial, return, recovery, promotion, acknowledgement.

-- A job dies: it is kept with its reason and its message as it came, until a person decides.
local function bury(job_id, now, letter)
  local record = K.record .. job_id
  local starts, postponed, unique, keeps_result =
    unpack(redis.call('HMGET', record, 'starts', 'postponed', 'unique', 'keeps_result'))
  redis.call('ZADD', K.dead, now, job_id)
  redis.call('HSET', K.dead_letter .. job_id, 'kind', letter.kind, 'queue', letter.queue, 'reason', letter.reason,
    'error', letter.error, 'worker', letter.worker, 'message', letter.message, 'died_at', now,
    'attempts', (starts or 0) - (postponed or 0), 'unique', unique or '', 'keeps_result', keeps_result or '')
  end_job(job_id, 'dead', now, {'error', letter.error})
end

-- A message goes where it is taken next: before those that a limit holds, or before all others of its list.
local function to_head(list, message)
  local limit = redis.call('EXISTS', K.held_by .. list) == 1 and waiting_before(list, limits_of(message))
  local tenant = tenant_of(message)
  if limit then
    redis.call('RPUSH', K.held .. ':' .. list .. ':' .. limit, message)
    redis.call('ZADD', K.held_by .. list, 0, limit)
    count_held(list, 1)
    return
  end
  redis.call('RPUSH', list, message)
  if tenant then
    count_in_window(list, tenant, 1)
  end
end

-- Put a message back where it is taken next. A job that had begun goes back to `ready`; a suspect stays one.
local function put_back(list, message, job_id, now)
  local queue, state, suspect = queue_of(list), nil, nil
  if job_id then
    state, suspect = recorded(K.record .. job_id, 'state', 'suspect')
  end
  if state == 'running' then
    redis.call('HSET', K.record .. job_id, 'state', 'ready', 'ready_at', now)
    redis.call('HINCRBY', K.record .. job_id, 'starts', -1) -- no attempt is spent
    redis.call('HDEL', K.record .. job_id, 'lease')
  end
  if suspect then
    redis.call('ZADD', K.suspects .. queue, now, message)
  else
    to_head(list, message)
  end
  ring(K.bell .. queue)
end

-- Whether this lease's job has begun, as its record says.
local function has_begun(lease, job_id)
  if not job_id then
    return false
  end
  local state, by = recorded(K.record .. job_id, 'state', 'lease')
  return state == 'running' and by == lease
end

-- A lease ends without its job: it goes back, unless it has ended meanwhile, as one that was cancelled.
local function put_back_leased(lease, list, message, job_id, now, event)
  release(lease)
  if job_id and is_final(recorded(K.record .. job_id, 'state')) then
    if redis.call('HEXISTS', K.record .. job_id, 'follows') == 1 then
      redis.call('RPUSH', list, message) -- it is done, and somebody must still publish what follows it
      ring(K.bell .. queue_of(list))
      return 1
    end
    return 0
  end
  local by = job_id and redis.call('HGET', K.record .. job_id, 'lease')
  if by and by ~= lease then
    return 0 -- the copy of a message whose job another delivery is running
  end
  put_back(list, message, job_id, now)
  count(queue_of(list), event)
  return 1
end

local function give_back(lease, now, event)
  local list, message = leased(lease)
  return list and put_back_leased(lease, list, message, id_of(message), now, event) or 0
end

-- From now on the job runs alone.
local function to_suspects(job_id, queue, message, now, why)
  redis.call('HSET', K.record .. job_id, 'state', 'ready', 'ready_at', now, 'error', why, 'suspect', 1)
  redis.call('HDEL', K.record .. job_id, 'lease')
  redis.call('ZADD', K.suspects .. queue, now, message)
  ring(K.bell .. queue)
  return 'suspect'
end

-- The process that ran a job is gone. The third time the job is taken for the cause; before, it runs again, alone.
local function crashed(lease, list, message, job_id, now, why)
  local queue, record = queue_of(list), K.record .. job_id
  release(lease)
  count(queue, 'crashed')
  local crashes = redis.call('HINCRBY', record, 'crashes', 1)
  local cancel, kind, worker = unpack(redis.call('HMGET', record, 'cancel', 'kind', 'worker'))
  if cancel == '1' then
    end_job(job_id, 'cancelled', now, {'error', 'it was stopped'})
    return 'cancelled'
  end
  if crashes >= L.crashes then
    bury(job_id, now, {kind = kind, queue = queue, reason = 'killed_its_worker', worker = worker, message = message,
      error = 'it ran ' .. crashes .. ' times in a process that never came back; the last time, ' .. why})
    return 'dead'
  end
  return to_suspects(job_id, queue, message, now, why)
end

-- A worker is gone that ran several jobs, or had begun a batch of them: which of them killed it, nobody can tell. So
-- none is blamed, and no attempt of any is spent; from now on each runs alone, where the next crash tells.
local function suspected(lease, list, message, job_id, now, why)
  local queue, record = queue_of(list), K.record .. job_id
  release(lease)
  if redis.call('HGET', record, 'cancel') == '1' then
    end_job(job_id, 'cancelled', now, {'error', 'it was stopped'})
    return 'cancelled'
  end
  count(queue, 'recovered')
  redis.call('HINCRBY', record, 'starts', -1) -- no attempt is spent
  return to_suspects(job_id, queue, message, now, why)
end

-- The latest published tick of a periodic schedule in ms, or nil if nobody followed this timetable yet.
local function latest_tick(schedule, timetable)
  local known, due = unpack(redis.call('HMGET', K.tick .. schedule, 'timetable', 'due'))
  return known == timetable and tonumber(due) or nil
end

-- It is kept for a year past its time, so a schedule that was removed leaves nothing behind.
local function note_tick(schedule, timetable, due, now)
  redis.call('HSET', K.tick .. schedule, 'timetable', timetable, 'due', due)
  redis.call('PEXPIREAT', K.tick .. schedule, math.max(now, tonumber(due)) + L.tick_ttl_ms)
end

-- What `promote` needs of a job that is due: first, of a compact record, its terms from now on.
local function due_job(record, due)
  local text = redis.pcall('GET', record)
  if type(text) == 'string' then
    local terms, payload = expand(text)
    local message = payload and first_message(job_of(record), terms, payload)
    ready_from(terms, tonumber(due), due)
    return terms, message, terms.q, terms.l, nil, due, terms.m, terms.s, terms.x and due + terms.x
  end
  return nil, unpack(redis.call('HMGET', record, 'message', 'queue', 'list', 'unique', 'ready_at', 'missed', 'series',
    'expires_at', 'suspect'))
end

-- A job that is due will not start; `terms` as above.
local function end_due(record, terms, now, why)
  if terms then
    replace(record, fields_of(terms, 'ready', in_ms(terms.a)), terms)
  end
  end_job(job_of(record), 'cancelled', now, {'error', why})
end

-- Move what is due from the schedule into its queue, oldest first; a job that missed its time follows its own policy.
-- Returns how many moved, the ids whose message was gone, and the ms until the next is due (-1: nothing is scheduled).
local function promote(limit, now)
  local moved, gone, rung = 0, {}, {}
  local left, compact, ready = {}, {}, {} -- what several jobs write together: each command costs a microsecond
  local found = redis.call('ZRANGE', K.schedule, '-inf', now, 'BYSCORE', 'LIMIT', 0, limit, 'WITHSCORES')
  for at = 1, #found, 2 do
    local job_id, record = found[at], K.record .. found[at]
    local is_known, terms, message, queue, list, unique, due, missed, series, expires_at, suspect =
      pcall(due_job, record, found[at + 1])
    if is_known then
      left[#left + 1] = job_id
    end
    if series then
      redis.call('ZREM', K.series .. series, job_id)
    end
    local late = missed and now - due > L.missed_after_ms
    if not is_known then
      redis.call('ZADD', K.schedule, now + L.missed_after_ms, job_id) -- a newer release wrote it, and will know it
    elseif not message then
      gone[#gone + 1] = job_id
    elseif expires_at and now > tonumber(expires_at) then
      end_due(record, terms, now, 'it expired before it started')
    elseif late and (missed == 'skip' or series and redis.call('ZCOUNT', K.series .. series, '-inf', now) > 0) then
      end_due(record, terms, now, 'it missed its time by ' .. math.floor((now - due) / 1000) .. ' s')
    else
      if suspect then
        redis.call('ZADD', K.suspects .. queue, now, message)
      else
        local place = list or queue
        ready[place] = ready[place] or {}
        table.insert(ready[place], message)
      end
      if terms then
        compact[#compact + 1], compact[#compact + 2] = record, pack_record(terms, terms.u)
      else
        redis.call('HSET', record, 'state', 'ready')
        redis.call('HDEL', record, 'message')
        redis.call('EXPIRE', record, L.waiting_ttl_s)
      end
      if unique then
        redis.call('EXPIRE', unique, L.waiting_ttl_s)
      end
      rung[queue] = true
      moved = moved + 1
    end
  end
  if #left > 0 then
    redis.call('ZREM', K.schedule, unpack(left))
  end
  if #compact > 0 then
    redis.call('MSET', unpack(compact))
  end
  for list, messages in pairs(ready) do
    enter_all(list, messages)
  end
  for queue in pairs(rung) do
    ring(K.bell .. queue)
  end
  local next_one = redis.call('ZRANGE', K.schedule, 0, 0, 'WITHSCORES')
  return moved, gone, next_one[2] and math.max(0, next_one[2] - now) or -1
end

-- Take back the leases of one holder whose time has run out. While nobody looked, the broker was away, and so nobody
-- could renew: then every holder gets a whole lease again first, also one that has some time left.
-- Returns what became of how many: {back, suspect, dead, cancelled}.
local function recover(now, lease_ms)
  local outcomes = {back = 0, suspect = 0, dead = 0, cancelled = 0}
  local looked_at = tonumber(redis.call('GET', K.watch) or 0)
  if now - looked_at > lease_ms / 8 or now < looked_at then
    redis.call('SET', K.watch, now)
  end
  if now - looked_at > lease_ms / 2 then
    for _, silent in ipairs(redis.call('ZRANGE', K.holders, '-inf', now + lease_ms, 'BYSCORE')) do
      redis.call('ZADD', K.holders, now + lease_ms, silent)
    end
    return outcomes
  end
  local holder, expiry = unpack(redis.call('ZRANGE', K.holders, 0, 0, 'WITHSCORES'))
  if holder and tonumber(expiry) <= now then
    local values = redis.call('HSCAN', K.holder .. holder, 0, 'COUNT', L.recovered_at_once)[2]
    local held, begun, waiting = {}, {}, {}
    for at = 1, #values, 2 do
      local lease, list, message = values[at], split_leased(values[at + 1])
      local job_id = id_of(message)
      held[lease] = {list, message, job_id}
      local which = has_begun(lease, job_id) and begun or waiting
      which[#which + 1] = lease
    end
    local blame = #begun == 1 and crashed or suspected
    for _, lease in ipairs(begun) do
      local list, message, job_id = unpack(held[lease])
      local outcome = blame(lease, list, message, job_id, now, 'its worker stopped answering')
      outcomes[outcome] = outcomes[outcome] + 1
    end
    local bytes = 0
    for _, lease in ipairs(newest_first(waiting)) do
      if bytes > L.recovered_bytes then
        break -- the next call goes on
      end
      local list, message, job_id = unpack(held[lease])
      bytes = bytes + #message
      outcomes.back = outcomes.back + put_back_leased(lease, list, message, job_id, now, 'recovered')
    end
    if redis.call('HLEN', K.holder .. holder) == 0 then
      redis.call('ZREM', K.holders, holder)
      redis.call('DEL', K.stop .. holder)
    end
  end
  return outcomes
end

-- A consumer acknowledged a delivery. A task of ours has ended its job before; of any other that had begun, this is the end.
local function acknowledge(lease, job_id, now)
  local begun = has_begun(lease, job_id)
  if not release(lease) then
    return
  end
  if begun then
    end_job(job_id, 'done', now, {'outcome', 'acknowledged'})
  elseif job_id ~= '' then
    redis.call('HDEL', K.record .. job_id, 'follows')
  end
end
