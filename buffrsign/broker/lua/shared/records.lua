-- A job's record, from its acceptance to its end.

-- The record of a job that came without one, from a stock producer, or whose record was lost.
local function ensure_record(job_id, kind, queue, now)
  if not recorded(K.record .. job_id, 'enqueued_at') then
    redis.call('HSET', K.record .. job_id, 'enqueued_at', now, 'kind', kind, 'queue', queue,
      'state', 'ready', 'ready_at', now)
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

-- The schedule holds a job for its time.
local function hold_until(due, job_id, series)
  if series then
    redis.call('ZADD', K.series .. series, due, job_id)
  end
  redis.call('ZADD', K.schedule, due, job_id)
  if redis.call('ZRANGE', K.schedule, 0, 0)[1] == job_id then
    ring(K.schedule_bell)
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
  hold_until(due, job_id, series)
end

-- The job that stands already where this one would be accepted: itself, or the one that has its key; or nil.
local function standing_job(job_id, unique)
  if redis.call('EXISTS', K.record .. job_id) == 1 then
    return job_id
  end
  local standing = unique and redis.call('GET', unique)
  return standing and redis.call('EXISTS', K.record .. standing) == 1 and standing or nil
end

-- Whether this broker's keyed jobs were keyed with another secret.
local function is_other_secret(fingerprint)
  return (redis.call('GET', K.fingerprint) or fingerprint) ~= fingerprint
end

-- Write the record of a new job, and take its key. The payload is given of a job that waits for its time.
local function accept(job_id, unique, terms, payload)
  redis.call('SET', K.record .. job_id, pack_record(terms, unique and string.sub(unique, #K.unique + 1), payload))
  if unique then
    redis.call('SET', unique, job_id)
  end
end

-- Put new jobs into their list, in the order of their messages, or let them wait for their tenant's turn.
local function place_ready(list, tenant, messages)
  if tenant ~= '' then
    enter_turns(list, tenant, messages)
  else
    redis.call('LPUSH', list, unpack(messages))
  end
  ring(K.bell .. queue_of(list))
end

-- Put new jobs into the schedule: pairs of due time and id.
local function place_scheduled(pairs_of_all, due, series)
  local earliest = redis.call('ZRANGE', K.schedule, 0, 0, 'WITHSCORES')[2]
  redis.call('ZADD', K.schedule, unpack(pairs_of_all))
  if series ~= '' then
    redis.call('ZADD', K.series .. series, unpack(pairs_of_all))
  end
  if not earliest or due < tonumber(earliest) then
    ring(K.schedule_bell)
  end
end

-- What several ends of one call write together: the list of what ended, and the counters.
local function write_ends(ended, counts, now)
  if #ended > 0 then
    redis.call('ZADD', K.ended, unpack(ended))
    redis.call('ZREMRANGEBYSCORE', K.ended, '-inf', now - L.ended_ttl_s * 1000)
    local too_many = redis.call('ZCARD', K.ended) - L.ended_listed
    if too_many > 0 then
      redis.call('ZPOPMIN', K.ended, too_many)
    end
  end
  for name, times in pairs(counts) do
    redis.call('HINCRBY', K.counters, name, times)
  end
end

local function tally(counts, queue, event)
  local name = (queue or 'unknown') .. ':' .. event
  counts[name] = (counts[name] or 0) + 1
end

-- A job ends: its record says how, and is kept for a while. A key stays taken after `done`, and is free otherwise.
-- `ended` and `counts` gather what `write_ends` writes for several ends of one call; `known` is what the caller has read.
local function end_job(job_id, state, now, fields, ended, counts, known)
  local record = K.record .. job_id
  local was, queue, started_at, unique, series, window, error =
    unpack(known or {recorded(record, 'state', 'queue', 'started_at', 'unique', 'series', 'window_s')}, 1, 7)
  if started_at then
    fields[#fields + 1], fields[#fields + 2] = 'ran_ms', math.max(0, now - started_at)
  end
  redis.call('HDEL', record, 'message', 'lease', 'cancel', 'suspect', unpack(error and {'error'} or {}))
  redis.call('HSET', record, 'state', state, 'ended_at', in_ms(now), unpack(fields))
  -- While its key is taken the record stays: a key without a record counts as free.
  redis.call('EXPIRE', record, state == 'done' and window and math.max(L.ended_ttl_s, window) or L.ended_ttl_s)
  if was ~= 'running' then
    leave_schedule(job_id, series)
  end
  if unique and redis.call('GET', unique) == job_id then
    if state == 'done' and window ~= '0' then
      redis.call('EXPIRE', unique, window or L.ended_ttl_s)
    else
      redis.call('DEL', unique)
    end
  end
  local alone = not ended
  ended, counts = ended or {}, counts or {}
  ended[#ended + 1], ended[#ended + 2] = in_ms(now), job_id
  tally(counts, queue, state)
  if alone then
    write_ends(ended, counts, now)
  end
end

-- What is known of a job that is to begin, by name; and, where its record was compact, that as a flat list, its length, and
-- the terms: the record is gone then, and still to be written. Jobs that were accepted together may share all of this.
local function beginner(record)
  local text = redis.pcall('GETDEL', record)
  if type(text) == 'string' and not memo[text] then
    local is_known, terms = pcall(expand, text)
    if not is_known or not terms.a then
      redis.call('SET', record, text)
      return all_recorded(record)
    end
    local known, fields = {}, fields_of(terms, 'ready', in_ms(terms.a))
    for at = 1, #fields, 2 do
      known[fields[at]] = fields[at + 1]
    end
    memo[text] = {known, fields, #fields, terms}
  end
  return unpack(memo[text] or {text and all_recorded(record) or {}})
end

-- A task begins, by a delivery whose lease is held. Answers as `begin.lua` says; and true, if that is not `begun` and
-- the lease lasts all the same, because Celery still has to publish what follows the job.
local function begin_job(job, now, counts)
  local record, lease = K.record .. job.id, job.lease
  local known, whole, common, terms = beginner(record)
  local state, ready_at, retries, by, cancel, starts, crashes =
    known.state, known.ready_at, known.retries, known.lease, known.cancel, known.starts, known.crashes
  if not known.enqueued_at then
    ensure_record(job.id, job.kind, job.queue, now)
    state, ready_at = 'ready', now
  end
  if state == 'done' and known.follows then
    return {state, known.follows}, true -- what follows was not published, or nobody knows
  end
  if is_final(state) or job.retries < tonumber(retries or 0) then
    return {state, known.result or ''}
  end
  local repeated = state == 'running' and lease ~= '' and by == lease
  if state == 'running' and lease ~= '' and by and not repeated and holds(by) then
    return {'running', ''}
  end
  local expires_at = tonumber(known.expires_at or job.expires_at)
  if cancel == '1' or (expires_at and now > expires_at) then
    if whole then
      replace(record, {unpack(whole, 1, common)}, terms)
    end
    end_job(job.id, 'cancelled', now, {'error', cancel == '1' and 'it was stopped' or 'it expired before it started'})
    return {'cancelled', ''}
  end
  if state == 'running' and lease == '' then
    crashes = redis.call('HINCRBY', record, 'crashes', 1) -- only a process that never came back leaves a job like that
  end
  if not repeated then
    local been_away = starts or known.deferred_at or state ~= 'ready'
    starts = (starts or 0) + 1
    local own = {'state', 'running', 'worker', job.worker, 'started_at', in_ms(now), 'starts', starts,
      'waited_ms', math.max(0, now - (ready_at or now))}
    if lease ~= '' then
      own[#own + 1], own[#own + 2] = 'lease', lease
    end
    if job.keeps_result and not known.keeps_result then
      own[#own + 1], own[#own + 2] = 'keeps_result', '1'
    end
    local fields, last = own, #own
    if whole then
      fields, last = whole, common + #own
      for at, value in ipairs(own) do
        fields[common + at] = value
      end
    end
    redis.call('HSET', record, unpack(fields, 1, last))
    if been_away then
      redis.call('HDEL', record, 'message', 'progress', 'deferred_at')
      leave_schedule(job.id, known.series)
    end
    if whole or been_away or now - (ready_at or 0) > 3600000 then -- what has just become ready will not be forgotten for days
      redis.call('EXPIRE', record, L.waiting_ttl_s)
      if known.unique then
        redis.call('EXPIRE', known.unique, L.waiting_ttl_s)
      end
    end
    tally(counts, job.queue, 'started')
  end
  return {'begun', '', tonumber(starts), tonumber(known.postponed or 0), tonumber(crashes or 0)}
end

-- What `begin_job` needs of a message; nil where that is not told without decoding it: it carries a time, or headers of
-- its producer's own. Such a message is begun by its worker, who decodes it in any case.
local function plain_job(message)
  local first_kind, first_id, first_ignores = string.match(message, -- as `first_message` begins, for a job of nobody's
    '^{"headers":{"lang":"py","task":"([%w_.]+)","id":"(%w+)","root_id":"%w+","parent_id":null,"group":null,"retries":0,'
      .. '"ignore_result":(%a+),"eta":null,"timelimit":%[null,null%],"origin":"buffrsign","argsrepr"')
  if first_id then
    return {id = first_id, kind = first_kind, retries = 0, keeps_result = first_ignores == 'false'}
  end
  local headers = plain_headers(message)
  local id, kind = headers and text_in(headers, 'id'), headers and text_in(headers, 'task')
  if not id or not kind or string.find(id .. kind, '[\128-\255]') or not is_null_in(headers, 'eta')
    or not is_null_in(headers, 'expires') then
    return nil
  end
  local retries, ignores = value_in(headers, 'retries'), value_in(headers, 'ignore_result')
  return {id = id, kind = kind, retries = retries and tonumber(string.match(headers, '^%d+', retries)) or 0,
    keeps_result = ignores and string.sub(headers, ignores, ignores + 4) == 'false'}
end

-- A job is done. The first end stands, and a try that was scheduled is not needed. `handed_on`: what a chain or a chord
-- goes on with, or ''; its lease lasts until Celery has published what follows. The lease is ended by the caller.
-- Returns 1, or 0 if it had ended already.
local function finish_job(job, now, handed_on, ended, counts)
  local record = K.record .. job.id
  local known = {recorded(record, 'state', 'queue', 'started_at', 'unique', 'series', 'window_s', 'error', 'keeps_result')}
  local state, keeps_result = known[1], known[8]
  if not state then
    ensure_record(job.id, job.kind, job.queue, now)
    known = nil
  end
  if is_final(state) then
    return 0
  end
  local fields = {'outcome', job.outcome}
  if keeps_result == '1' and job.result ~= '' then
    fields[3], fields[4] = 'result', job.result
  end
  if handed_on ~= '' then
    fields[#fields + 1], fields[#fields + 2] = 'follows', handed_on
  end
  end_job(job.id, 'done', now, fields, ended, counts, known)
  return 1
end

-- Ends that a holder gathered: `how_many`, from `at` on in `told`, of seven values each: job id, kind, queue, lease,
-- outcome, result as JSON or '', and what who waits for the result is told, or ''. Returns the place after them.
local function finish_all(told, at, how_many, now)
  local ended, counts, leases = {}, {}, {}
  for from = at, at + 7 * how_many - 1, 7 do
    local job = {id = told[from], kind = told[from + 1], queue = told[from + 2], outcome = told[from + 4],
      result = told[from + 5]}
    leases[#leases + 1] = told[from + 3]
    if finish_job(job, now, '', ended, counts) == 1 and told[from + 6] ~= '' then
      redis.call('PUBLISH', K.result_channel .. job.id, told[from + 6])
    end
  end
  if #leases > 0 then
    redis.call('HDEL', K.holder .. holder_of(leases[1]), unpack(leases))
    write_ends(ended, counts, now)
  end
  return at + 7 * how_many
end
