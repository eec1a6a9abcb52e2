-- What the scripts share. K has the names of the keys, L the limits; times are ms since 1970 on Redis's own clock.

local function now_ms()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

local function is_final(state)
  return state == 'done' or state == 'dead' or state == 'cancelled'
end

local function count(queue, event)
  redis.call('HINCRBY', K.counters, (queue or 'unknown') .. ':' .. event, 1)
end

-- A queue has one list per priority step: its own name, or its name, kombu's separator and the step.
local function queue_of(list)
  local at = string.find(list, '\6\22', 1, true)
  return at and string.sub(list, 1, at - 1) or list
end

local function ring(bell)
  if redis.call('EXISTS', bell) == 0 then
    redis.call('LPUSH', bell, 1)
  end
end

-- A message's headers and properties, each empty where there is none to be read.
local function parts_of(message)
  local readable, envelope = pcall(cjson.decode, message)
  envelope = readable and type(envelope) == 'table' and envelope or {}
  return type(envelope.headers) == 'table' and envelope.headers or {},
    type(envelope.properties) == 'table' and envelope.properties or {}
end

-- The job id in a message, or nil. Celery's first protocol has it in the properties only.
local function id_of(message)
  local headers, properties = parts_of(message)
  local id = headers.id or properties.correlation_id
  return type(id) == 'string' and id or nil
end

-- Which try a message is, as its own headers say.
local function try_of(message)
  local headers = parts_of(message)
  return tonumber(headers.retries) or 0
end

-- Leases. '' is the delivery of a transport that has none: every check passes.
local function holder_of(lease)
  return string.match(lease, '^(.*)%.%d+$')
end

local function holds(lease)
  return lease == '' or redis.call('HEXISTS', K.holder .. holder_of(lease), lease) == 1
end

local function release(lease)
  return lease ~= '' and redis.call('HDEL', K.holder .. holder_of(lease), lease) == 1
end

-- In the order in which they go back to the head of a list, so that what was taken first is taken first again.
local function newest_first(leases)
  local function number(lease)
    return tonumber(string.match(lease, '%.(%d+)$'))
  end
  table.sort(leases, function(one, other)
    return number(one) > number(other)
  end)
  return leases
end

-- What was leased: its list and its message, or nil.
local function leased(lease)
  local value = redis.call('HGET', K.holder .. holder_of(lease), lease)
  if not value then
    return nil
  end
  local zero = string.find(value, '\0', 1, true)
  return string.sub(value, 1, zero - 1), string.sub(value, zero + 1)
end

-- The record of a job that came without one, from a stock producer, or whose record was lost.
local function ensure_record(job_id, kind, queue, now)
  if redis.call('HSETNX', K.record .. job_id, 'enqueued_at', now) == 1 then
    redis.call('HSET', K.record .. job_id, 'kind', kind, 'queue', queue, 'state', 'ready', 'ready_at', now)
    redis.call('EXPIRE', K.record .. job_id, L.waiting_ttl_s)
    count(queue, 'enqueued')
  end
end

local function leave_schedule(job_id, series)
  redis.call('ZREM', K.schedule, job_id)
  if series then
    redis.call('ZREM', K.series .. series, job_id)
  end
end

-- A job waits for its time; `fields` (a flat list) are of its record. Its message is kept there until then.
local function to_schedule(job_id, due, fields)
  local record = K.record .. job_id
  redis.call('HSET', record, 'ready_at', due, unpack(fields))
  redis.call('HDEL', record, 'lease')
  redis.call('PERSIST', record)
  local unique, series = unpack(redis.call('HMGET', record, 'unique', 'series'))
  if unique then
    redis.call('PERSIST', unique)
  end
  if series then
    redis.call('ZADD', K.series .. series, due, job_id)
  end
  redis.call('ZADD', K.schedule, due, job_id)
  if redis.call('ZRANGE', K.schedule, 0, 0)[1] == job_id then
    ring(K.schedule_bell)
  end
end

-- A job ends: its record says how, and is kept for a while. A key stays taken after `done`, and is free otherwise.
local function end_job(job_id, state, now, fields)
  local record = K.record .. job_id
  local queue, started_at, unique, series, window =
    unpack(redis.call('HMGET', record, 'queue', 'started_at', 'unique', 'series', 'window_s'))
  redis.call('HSET', record, 'state', state, 'ended_at', now, unpack(fields))
  if started_at then
    redis.call('HSET', record, 'ran_ms', math.max(0, now - started_at))
  end
  redis.call('HDEL', record, 'message', 'lease', 'cancel', 'suspect')
  -- While its key is taken the record stays: a key without a record counts as free.
  redis.call('EXPIRE', record, state == 'done' and math.max(L.ended_ttl_s, window or 0) or L.ended_ttl_s)
  leave_schedule(job_id, series)
  if unique and redis.call('GET', unique) == job_id then
    if state == 'done' and window ~= '0' then
      redis.call('EXPIRE', unique, window or L.ended_ttl_s)
    else
      redis.call('DEL', unique)
    end
  end
  redis.call('ZADD', K.ended, now, job_id)
  redis.call('ZREMRANGEBYSCORE', K.ended, '-inf', now - L.ended_ttl_s * 1000)
  if redis.call('ZCARD', K.ended) > L.ended_listed then
    redis.call('ZPOPMIN', K.ended)
  end
  count(queue, state)
end

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

-- Put a message back where it is taken next. A job that had begun goes back to `ready`; a suspect stays one.
local function put_back(list, message, job_id, now)
  local queue, state, suspect = queue_of(list), nil, nil
  if job_id then
    state, suspect = unpack(redis.call('HMGET', K.record .. job_id, 'state', 'suspect'))
  end
  if state == 'running' then
    redis.call('HSET', K.record .. job_id, 'state', 'ready', 'ready_at', now)
    redis.call('HINCRBY', K.record .. job_id, 'starts', -1) -- no attempt is spent
    redis.call('HDEL', K.record .. job_id, 'lease')
  end
  if suspect then
    redis.call('ZADD', K.suspects .. queue, now, message)
  else
    redis.call('RPUSH', list, message)
  end
  ring(K.bell .. queue)
end

-- Whether this lease's job has begun, as its record says.
local function has_begun(lease, job_id)
  if not job_id then
    return false
  end
  local state, by = unpack(redis.call('HMGET', K.record .. job_id, 'state', 'lease'))
  return state == 'running' and by == lease
end

-- A lease ends without its job: it goes back, unless it has ended meanwhile, as one that was cancelled.
local function put_back_leased(lease, list, message, job_id, now, event)
  release(lease)
  if job_id and is_final(redis.call('HGET', K.record .. job_id, 'state')) then
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
  redis.call('HSET', record, 'state', 'ready', 'ready_at', now, 'error', why, 'suspect', 1)
  redis.call('HDEL', record, 'lease')
  redis.call('ZADD', K.suspects .. queue, now, message)
  ring(K.bell .. queue)
  return 'suspect'
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

-- Move what is due from the schedule into its queue, oldest first; a job that missed its time follows its own policy.
-- Returns how many moved, the ids whose message was gone, and the ms until the next is due (-1: nothing is scheduled).
local function promote(limit, now)
  local moved, gone, rung = 0, {}, {}
  for _, job_id in ipairs(redis.call('ZRANGE', K.schedule, '-inf', now, 'BYSCORE', 'LIMIT', 0, limit)) do
    local record = K.record .. job_id
    local message, queue, list, unique, due, missed, series, expires_at, suspect = unpack(redis.call('HMGET', record,
      'message', 'queue', 'list', 'unique', 'ready_at', 'missed', 'series', 'expires_at', 'suspect'))
    leave_schedule(job_id, series)
    local late = missed and now - due > L.missed_after_ms
    if not message then
      gone[#gone + 1] = job_id
    elseif expires_at and now > tonumber(expires_at) then
      end_job(job_id, 'cancelled', now, {'error', 'it expired before it started'})
    elseif late and (missed == 'skip' or series and redis.call('ZCOUNT', K.series .. series, '-inf', now) > 0) then
      end_job(job_id, 'cancelled', now, {'error', 'it missed its time by ' .. math.floor((now - due) / 1000) .. ' s'})
    else
      if suspect then
        redis.call('ZADD', K.suspects .. queue, now, message)
      else
        redis.call('LPUSH', list or queue, message)
      end
      redis.call('HSET', record, 'state', 'ready')
      redis.call('HDEL', record, 'message')
      redis.call('EXPIRE', record, L.waiting_ttl_s)
      if unique then
        redis.call('EXPIRE', unique, L.waiting_ttl_s)
      end
      rung[queue] = true
      moved = moved + 1
    end
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
    local leases = {}
    for at = 1, #values, 2 do
      leases[#leases + 1] = values[at]
    end
    local bytes = 0
    for _, lease in ipairs(newest_first(leases)) do
      if bytes > L.recovered_bytes then
        break -- the next call goes on
      end
      local list, message = leased(lease)
      local job_id = id_of(message)
      bytes = bytes + #message
      if has_begun(lease, job_id) then
        local outcome = crashed(lease, list, message, job_id, now, 'its worker stopped answering')
        outcomes[outcome] = outcomes[outcome] + 1
      else
        outcomes.back = outcomes.back + put_back_leased(lease, list, message, job_id, now, 'recovered')
      end
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
