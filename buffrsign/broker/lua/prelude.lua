-- What the scripts share. K has the names of the keys, L the limits; times are ms since 1970 on Redis's own clock.

local function now_ms()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

local function is_final(state)
  return state == 'done' or state == 'dead' or state == 'cancelled'
end

local function count(queue, event, times)
  redis.call('HINCRBY', K.counters, (queue or 'unknown') .. ':' .. event, times or 1)
end

-- A queue has one list per priority step: its own name, or its name, kombu's separator and the step.
local function queue_of(list)
  local at = string.find(list, '\6\22', 1, true)
  return at and string.sub(list, 1, at - 1) or list
end

-- The priority step of a list.
local function step_of(list)
  return string.match(list, '\6\22(%d+)$') or '0'
end

local function ring(bell)
  if redis.call('EXISTS', bell) == 0 then
    redis.call('LPUSH', bell, 1)
  end
end

-- A message's headers as they are written, if nothing is nested in them but perhaps one empty object: then a name in
-- quotes and a colon are found in them once, and mean what they say. Searching costs a tenth of decoding.
local function plain_headers(message)
  local _, from = string.find(message, '"headers":', 1, true)
  from = from and string.find(message, '{', from, true)
  local to = from and string.find(message, '}', from, true)
  local nested = to and string.find(message, '{', from + 1, true)
  if nested and nested < to then
    if nested + 1 ~= to then
      return nil
    end
    to = string.find(message, '}', to + 1, true)
    local more = string.find(message, '{', nested + 1, true)
    if not to or more and more < to then
      return nil
    end
  end
  return to and string.sub(message, from, to)
end

-- Where the value of this name begins, or nil.
local function value_in(headers, name)
  local _, at = string.find(headers, '"' .. name .. '":', 1, true)
  return at and (string.byte(headers, at + 1) == 32 and at + 2 or at + 1)
end

-- The text that this name has; nil if it has another value, or one with an escape in it.
local function text_in(headers, name)
  local at = value_in(headers, name)
  local close = at and string.byte(headers, at) == 34 and string.find(headers, '"', at + 1, true)
  local text = close and string.sub(headers, at + 1, close - 1)
  return text and text ~= '' and not string.find(text, '\\', 1, true) and text or nil
end

local function is_null_in(headers, name)
  local at = value_in(headers, name)
  return not at or string.sub(headers, at, at + 3) == 'null'
end

-- A message's headers and properties, each empty where there is none to be read.
local function parts_of(message)
  local readable, envelope = pcall(cjson.decode, message)
  envelope = readable and type(envelope) == 'table' and envelope or {}
  return type(envelope.headers) == 'table' and envelope.headers or {},
    type(envelope.properties) == 'table' and envelope.properties or {}
end

-- The job id in a message, or nil. Celery's first protocol has it in the properties only. Most need not be decoded for it.
local function id_of(message)
  local plain = plain_headers(message)
  local found = plain and text_in(plain, 'id')
  if found then
    return found
  end
  local headers, properties = parts_of(message)
  local id = headers.id or properties.correlation_id
  return type(id) == 'string' and id or nil
end

-- Which try a message is, as its own headers say.
local function try_of(message)
  local headers = parts_of(message)
  return tonumber(headers.retries) or 0
end

-- A text among a message's headers, or nil. Most messages have no such header, and are not looked at further.
local function header_of(message, name)
  if not string.find(message, '"' .. name .. '":', 1, true) then
    return nil
  end
  local plain = plain_headers(message)
  local value = plain and text_in(plain, name)
  if not plain then
    value = (parts_of(message))[name]
  end
  return type(value) == 'string' and #value <= L.name_bytes and string.match(value, '^[%w_.:@-]+$') or nil
end

local function tenant_of(message)
  return header_of(message, 'tenant')
end

-- Fairness between tenants. A ready list is a window on what comes next: while several tenants have jobs, it holds at
-- most so many of theirs, and the rest wait in a list for each tenant. `turns` names those whose jobs the window is
-- filled up from, one of each in turn. Who comes while the window is full of others' jobs is a guest: guests are served
-- past the window, one job of each after one job of each tenant in it, until what was in the window when they came is gone.

-- So many of a tenant's jobs came into the window, or left it. '#' counts all tenants' together.
local function count_in_window(list, tenant, times)
  local window = K.window .. list
  for _, name in ipairs({tenant, '#'}) do
    if redis.call('HINCRBY', window, name, times) <= 0 then
      redis.call('HDEL', window, name)
    end
  end
end

local function to_window(list, tenant, messages)
  redis.call('LPUSH', list, unpack(messages))
  count_in_window(list, tenant, #messages)
end

-- These messages were taken out of the window.
local function from_window(list, messages)
  if redis.call('EXISTS', K.window .. list) == 1 then
    local times = {}
    for _, message in ipairs(messages) do
      local tenant = tenant_of(message)
      if tenant then
        times[tenant] = (times[tenant] or 0) + 1
      end
    end
    for tenant, how_many in pairs(times) do
      count_in_window(list, tenant, -how_many)
    end
  end
end

-- How many have jobs in the window; those without a tenant, and what stock producers sent, are one together.
local function count_residents(list)
  local tenants = math.max(0, redis.call('HLEN', K.window .. list) - 1)
  local theirs = tonumber(redis.call('HGET', K.window .. list, '#') or 0)
  return redis.call('LLEN', list) > theirs and tenants + 1 or tenants
end

local function count_backlog(list, times)
  if redis.call('HINCRBY', K.backlogged, list, times) <= 0 then
    redis.call('HDEL', K.backlogged, list)
  end
end

local function is_alone_in_window(list, tenant, length)
  local window = K.window .. list
  return redis.call('EXISTS', K.turns .. list, K.guests .. list) == 0
    and (length == 0 or tonumber(redis.call('HGET', window, tenant) or 0) >= length)
end

-- The jobs of a tenant that are ready wait for their turn.
local function enter_turns(list, tenant, messages)
  local backlog, length = K.backlog .. list .. ':' .. tenant, redis.call('LLEN', list)
  local has_backlog = redis.call('EXISTS', backlog) == 1
  local from = 1
  if not has_backlog and is_alone_in_window(list, tenant, length) then
    if length == 0 then
      redis.call('DEL', K.window .. list) -- what a stock worker took was not counted
    end
    from = math.min(#messages, math.max(0, L.window - length)) + 1
    if from > 1 then
      to_window(list, tenant, {unpack(messages, 1, from - 1)})
    end
    if from <= #messages then
      redis.call('RPUSH', K.turns .. list, tenant)
    end
  elseif not has_backlog then
    local guests, until_taken = K.guests .. list, K.until_taken .. list
    if redis.call('EXISTS', guests) == 0 then
      redis.call('RPUSH', guests, '')
    end
    redis.call('RPUSH', guests, tenant)
    redis.call('HSET', until_taken, tenant, length + (redis.call('HGET', until_taken, '#taken') or 0))
  end
  if from <= #messages then
    redis.call('LPUSH', backlog, unpack(messages, from))
    count_backlog(list, #messages - from + 1)
  end
end

-- A job becomes ready: it goes to the end of its list, or waits for its tenant's turn.
local function enter(list, message)
  local tenant = tenant_of(message)
  if tenant then
    enter_turns(list, tenant, {message})
  else
    redis.call('LPUSH', list, message)
  end
end

-- Take up to so many of a tenant's own; nil if there are none.
local function from_backlog(list, tenant, most)
  local messages = redis.call('RPOP', K.backlog .. list .. ':' .. tenant, most)
  if messages then
    count_backlog(list, -#messages)
  end
  return messages
end

-- Nobody comes past the window any more.
local function end_guests(list)
  redis.call('DEL', K.guests .. list, K.until_taken .. list)
end

-- Fill the window up again, one job of each tenant in turn. One that is empty lets its guests in.
local function refill(list)
  local turns, guests, length = K.turns .. list, K.guests .. list, redis.call('LLEN', list)
  if length == 0 and redis.call('EXISTS', guests) == 1 then
    for _, tenant in ipairs(redis.call('LRANGE', guests, 0, -1)) do
      if tenant ~= '' then
        redis.call('RPUSH', turns, tenant)
      end
    end
    end_guests(list)
  end
  local is_only_one = redis.call('LLEN', turns) == 1
  while length < L.window do
    local tenant = redis.call('LPOP', turns)
    if not tenant then
      break
    end
    local messages = from_backlog(list, tenant, is_only_one and L.window - length or 1)
    if messages then
      to_window(list, tenant, messages)
      length = length + #messages
      if redis.call('EXISTS', K.backlog .. list .. ':' .. tenant) == 1 then
        redis.call('RPUSH', turns, tenant)
      end
    end
  end
end

-- Take up to so many from the window, and the turn of whose they are.
local function take_from_window(list, most)
  local messages = redis.call('RPOP', list, most) or {}
  from_window(list, messages)
  return messages
end

-- Take up to so many where guests have come: '' in their ring is the turn of all who are in the window.
local function take_past_window(list, most)
  local guests, until_taken, taken = K.guests .. list, K.until_taken .. list, {}
  while #taken < most do
    local whose = redis.call('LPOP', guests)
    if not whose or whose == '' and redis.call('EXISTS', guests) == 0 then
      end_guests(list)
      break
    end
    if whose == '' then
      local left = tonumber(redis.call('HGET', until_taken, '#left') or math.max(1, count_residents(list)))
      local wanted = math.min(left, most - #taken)
      local messages = take_from_window(list, wanted)
      for _, message in ipairs(messages) do
        taken[#taken + 1] = message
      end
      redis.call('HINCRBY', until_taken, '#taken', #messages)
      if #messages < wanted or left == wanted then
        redis.call('HDEL', until_taken, '#left')
        redis.call('RPUSH', guests, '')
      else
        redis.call('HSET', until_taken, '#left', left - wanted)
        redis.call('LPUSH', guests, '')
      end
    else
      local messages = from_backlog(list, whose, 1) or {}
      taken[#taken + 1] = messages[1]
      local stays = redis.call('EXISTS', K.backlog .. list .. ':' .. whose) == 1
      local counted, till = unpack(redis.call('HMGET', until_taken, '#taken', whose))
      if stays and tonumber(till or 0) > tonumber(counted or 0) then
        redis.call('RPUSH', guests, whose)
      else
        redis.call('HDEL', until_taken, whose)
        if stays then
          redis.call('RPUSH', K.turns .. list, whose)
        end
      end
    end
  end
  return taken
end

-- Take up to so many of a list's jobs, each tenant in turn.
local function take_in_turn(list, most)
  local messages = {}
  if redis.call('EXISTS', K.guests .. list) == 1 then
    messages = take_past_window(list, most)
  end
  if #messages < most then
    for _, message in ipairs(take_from_window(list, most - #messages)) do
      messages[#messages + 1] = message
    end
  end
  if redis.call('HEXISTS', K.backlogged, list) == 1 then
    refill(list)
    if #messages == 0 then
      messages = take_from_window(list, most)
    end
  end
  return messages
end

-- How many jobs are ready in a list, wherever they wait.
local function count_ready(list)
  local backlog, held = redis.call('HGET', K.backlogged, list), redis.call('HGET', K.held, list)
  return redis.call('LLEN', list) + (backlog or 0) + (held or 0)
end

-- The message of a new job, as `envelope.py` builds it too. `terms` are as a compact record has them; the payload is JSON, or,
-- where `terms.p` names the key that sealed it, the sealed body in base64. The job id is the delivery's tag.
local function first_message(job_id, terms, payload)
  local id = '"' .. job_id .. '"'
  local sealed, kind, encoding = '', '"utf-8","content-type":"application/json"', ''
  local tenant = terms.t and ',"tenant":"' .. terms.t .. '"' or ''
  local limit = terms.b and ',"limited_by":"' .. terms.b .. '"' or ''
  if terms.p then
    sealed, encoding = ',"payload_key":"' .. terms.p .. '"', '"body_encoding":"base64",'
    kind = '"binary","content-type":"application/x-buffrsign-encrypted"'
  else
    payload = cjson.encode('[[' .. payload .. '],{},{"callbacks":null,"errbacks":null,"chain":null,"chord":null}]')
  end
  return '{"headers":{"lang":"py","task":"' .. terms.k .. '","id":' .. id .. ',"root_id":' .. id
    .. ',"parent_id":null,"group":null,"retries":0,"ignore_result":' .. (terms.r and 'false' or 'true')
    .. tenant .. limit .. sealed .. ',"eta":null,"timelimit":[null,null],"origin":"buffrsign","argsrepr":"(…)","kwargsrepr":"(…)"},"properties":{'
    .. '"correlation_id":' .. id .. ',"reply_to":"","delivery_mode":2,"delivery_info":{"exchange":"","routing_key":"'
    .. terms.q .. '"},"priority":' .. step_of(terms.l or '') .. ',' .. encoding .. '"delivery_tag":' .. id .. '},"content-encoding":' .. kind
    .. ',"body":' .. (terms.p and '"' .. payload .. '"' or payload) .. '}'
end

-- A time in ms as text: Redis takes a microsecond to turn a number of Lua's into one.
local function in_ms(time)
  return string.format('%.0f', time)
end

-- A job that waits for its time, and was never anything else, has a compact record: a string of MessagePack, the array
-- {1, its terms, its payload}. The schedule alone knows when it is due. The terms, by one letter each, those that were given:
-- k kind, q queue, e enqueued at, p the key that sealed the payload, r '1' if the result is kept, u the hash of its key,
-- m what follows if its time was missed, s series, w how long its key stays taken, x ms from its time to its expiry,
-- l its list where that is not the queue's own, t tenant, b the limit that it names.
local function new_terms(queue, now, said)
  local terms = {q = queue, e = now, l = said.list ~= queue and said.list or nil}
  for letter, term in pairs({r = said.keeps_result == '1' and '1' or '', p = said.sealed_with, m = said.missed, s = said.series,
    w = said.window_s, x = said.expires, t = said.tenant, b = said.limited_by}) do
    if term ~= '' then
      terms[letter] = term
    end
  end
  return terms
end

local function pack_record(terms, payload)
  return '\147\1' .. cmsgpack.pack(terms) .. cmsgpack.pack(payload)
end

-- The terms and the payload of a compact record.
local function expand(text)
  local form, terms, payload = unpack(cmsgpack.unpack(text))
  assert(form == 1, 'a newer release wrote this record')
  return terms, payload
end

-- The same as the fields of a whole record, a flat list of texts, without the message.
local function fields_of(terms, state, ready_at, due)
  local fields = {'queue', terms.q, 'enqueued_at', in_ms(terms.e), 'state', state, 'ready_at', ready_at}
  local function say(name, term)
    fields[#fields + 1], fields[#fields + 2] = name, term
  end
  if terms.k then
    say('kind', terms.k)
  end
  if terms.r then
    say('keeps_result', terms.r)
  end
  if terms.u then
    say('unique', K.unique .. terms.u)
  end
  if terms.l then
    say('list', terms.l)
  end
  if terms.m then
    say('missed', terms.m)
  end
  if terms.s then
    say('series', terms.s)
  end
  if terms.w then
    say('window_s', terms.w)
  end
  if terms.x then
    say('expires_at', in_ms((due or ready_at) + terms.x))
  end
  return fields
end

-- The job id in a record's name.
local function job_of(record)
  return string.sub(record, #K.record + 1)
end

-- All that a compact record says, as the fields of a whole one.
local function inflated(record, text)
  local job_id, terms, payload = job_of(record), expand(text)
  local fields = fields_of(terms, 'scheduled', redis.call('ZSCORE', K.schedule, job_id) or in_ms(terms.e))
  fields[#fields + 1], fields[#fields + 2] = 'message', first_message(job_id, terms, payload)
  return fields
end

-- In the place of a compact record, write a whole one: a hash.
local function replace(record, fields)
  redis.call('DEL', record)
  redis.call('HSET', record, unpack(fields))
end

-- These fields of a record. MUST be how a script first looks at one that it may write to: it makes it a whole one.
local function recorded(record, ...)
  local values = redis.pcall('HMGET', record, ...)
  if values.err then
    replace(record, inflated(record, redis.call('GET', record)))
    values = redis.call('HMGET', record, ...)
  end
  return unpack(values)
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

-- Limits of the whole fleet. A limit has a name (`kind:…`, `tenant:…`, or what a job says that it is limited by), and
-- bounds how many jobs are with workers, or start in a while, or both. What it refuses is held in a list of its own.
-- What is set for a limit, or for all of its family; nil if nothing is.
local function terms_of(name)
  if memo[name] == nil then
    local family = string.gsub(name, ':.*$', ':*')
    local set = redis.call('HGET', K.limits, name) or redis.call('HGET', K.limits, family)
    local most, starts, per_ms = string.match(set or '', '^(%d*) (%d*) (%d*)$')
    memo[name] = most and {name = name, most = tonumber(most), starts = tonumber(starts), per_ms = tonumber(per_ms)} or false
  end
  return memo[name] or nil
end

-- The limits that a message is under.
local function limits_of(message)
  local kind, tenant = header_of(message, 'task'), tenant_of(message)
  local names = {kind and 'kind:' .. kind or '', tenant and 'tenant:' .. tenant or '', header_of(message, 'limited_by') or ''}
  local found = {}
  for _, name in ipairs(names) do
    found[#found + 1] = name ~= '' and terms_of(name) or nil
  end
  return found
end

-- How many more may be with workers. The leases are the truth: one that has ended is forgotten when it is in the way.
local function room_under(limit)
  local in_use = K.in_use .. limit.name
  limit.room = limit.room or limit.most - redis.call('SCARD', in_use)
  if limit.room <= 0 and not limit.is_counted then
    limit.is_counted = true
    for _, lease in ipairs(redis.call('SMEMBERS', in_use)) do
      if not holds(lease) then
        redis.call('SREM', in_use, lease)
        limit.room = limit.room + 1
      end
    end
  end
  return limit.room
end

-- A second's starts may come together, and then one each interval (GCRA).
local function starts_again_at(limit)
  local interval = limit.per_ms / limit.starts
  return tonumber(redis.call('GET', K.rate .. limit.name) or 0) - math.max(0, math.min(limit.per_ms, 1000) - interval)
end

-- The first of these limits that has no room, and when it may have (0: as soon as a job ends); nil if all have.
local function refusing(limits, now)
  for _, limit in ipairs(limits) do
    if limit.starts and starts_again_at(limit) > now then
      return limit.name, starts_again_at(limit)
    end
    if limit.most and room_under(limit) <= 0 then
      return limit.name, 0
    end
  end
end

-- A job is given out under these limits.
local function spend(limits, lease, now)
  for _, limit in ipairs(limits) do
    if limit.starts then
      local next_start = math.max(tonumber(redis.call('GET', K.rate .. limit.name) or 0), now) + limit.per_ms / limit.starts
      redis.call('SET', K.rate .. limit.name, string.format('%.3f', next_start), 'PX',
        math.ceil(next_start - now) + limit.per_ms)
    end
    if limit.most then
      limit.room = room_under(limit) - 1
      redis.call('SADD', K.in_use .. limit.name, lease)
      redis.call('EXPIRE', K.in_use .. limit.name, L.waiting_ttl_s)
    end
  end
end

-- The first of these limits under which others of this list are held already: nobody overtakes them.
local function waiting_before(list, limits)
  for _, limit in ipairs(limits) do
    if redis.call('ZSCORE', K.held_by .. list, limit.name) then
      return limit.name
    end
  end
end

local function count_held(list, times)
  if redis.call('HINCRBY', K.held, list, times) <= 0 then
    redis.call('HDEL', K.held, list)
  end
end

-- A limit has no room for this job; it is looked at again then, or when others are that wait before it.
local function hold_back(list, message, name, until_ms)
  redis.call('LPUSH', K.held .. ':' .. list .. ':' .. name, message)
  if until_ms then
    redis.call('ZADD', K.held_by .. list, until_ms, name)
  end
  count_held(list, 1)
end

-- The first that a limit held leaves it.
local function let_go(list, name)
  local message = redis.call('RPOP', K.held .. ':' .. list .. ':' .. name)
  if message then
    count_held(list, -1)
  end
  return message
end

-- Ms until a limit that holds jobs of these lists has room by the clock; 1e15 if none has.
local function ms_until_room(lists, now)
  local least = 1e15
  for _, list in ipairs(lists) do
    local next_one = redis.call('ZRANGE', K.held_by .. list, '(' .. now, '+inf', 'BYSCORE', 'LIMIT', 0, 1, 'WITHSCORES')
    least = next_one[2] and math.min(least, math.ceil(next_one[2] - now)) or least
  end
  return least
end

-- The lists of queues that are not paused; and whether nothing else is special about any list.
local function open_lists(lists)
  local special = {K.paused, K.limits, K.held, K.backlogged}
  for _, list in ipairs(lists) do
    special[#special + 1] = K.window .. list
  end
  if redis.call('EXISTS', unpack(special)) == 0 then
    return lists, true
  end
  local open = {}
  for _, list in ipairs(lists) do
    if redis.call('HEXISTS', K.paused, queue_of(list)) == 0 then
      open[#open + 1] = list
    end
  end
  return open, false
end

-- The most urgent lists, and the others.
local function by_urgency(lists)
  local urgent, others = {}, {}
  for _, list in ipairs(lists) do
    local which = queue_of(list) == list and urgent or others
    which[#which + 1] = list
  end
  return urgent, others
end

-- How many of so many places the less urgent lists have, whatever waits before them, and which of them is served first.
local function share_of(urgent, others, places)
  if places <= 0 or #others == 0 or redis.call('EXISTS', unpack(others)) == 0 then
    return 0, 1
  end
  local waiting = 0
  for _, list in ipairs(urgent) do
    waiting = waiting + redis.call('LLEN', list)
  end
  if waiting < places - math.floor(places / L.one_in) then
    return 0, 1 -- there is room for all of them
  end
  local given = redis.call('INCRBY', K.places, places)
  local turns = math.floor(given / L.one_in)
  return turns - math.floor((given - places) / L.one_in), turns % #others + 1
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

-- A lease's value: the list and the message that were leased.
local function split_leased(value)
  local zero = string.find(value, '\0', 1, true)
  return string.sub(value, 1, zero - 1), string.sub(value, zero + 1)
end

-- What was leased: its list and its message, or nil.
local function leased(lease)
  local value = redis.call('HGET', K.holder .. holder_of(lease), lease)
  if value then
    return split_leased(value)
  end
end

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

-- Write the record of a new job that is ready, and take its key. `fields` are what jobs that are accepted together have in
-- common; what is the job's own is written behind them, so that one command writes all: each costs a microsecond.
local function accept(job_id, kind, unique, fields, common)
  local record, last = K.record .. job_id, common
  if unique then
    fields[last + 1], fields[last + 2] = 'unique', unique
    last = last + 2
    redis.call('SET', unique, job_id, 'EX', L.waiting_ttl_s)
  end
  redis.call('HSET', record, 'kind', kind, unpack(fields, 1, last))
  redis.call('EXPIRE', record, L.waiting_ttl_s)
end

-- The same for a job that waits for its time. Its record is compact.
local function accept_scheduled(job_id, payload, unique, terms)
  terms.u = unique and string.sub(unique, #K.unique + 1) or nil
  redis.call('SET', K.record .. job_id, pack_record(terms, payload))
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
-- `ended` and `counts` gather what `write_ends` writes for several ends of one call.
local function end_job(job_id, state, now, fields, ended, counts)
  local record = K.record .. job_id
  local was, queue, started_at, unique, series, window =
    recorded(record, 'state', 'queue', 'started_at', 'unique', 'series', 'window_s')
  if started_at then
    fields[#fields + 1], fields[#fields + 2] = 'ran_ms', math.max(0, now - started_at)
  end
  redis.call('HSET', record, 'state', state, 'ended_at', now, unpack(fields))
  redis.call('HDEL', record, 'message', 'lease', 'cancel', 'suspect')
  -- While its key is taken the record stays: a key without a record counts as free.
  redis.call('EXPIRE', record, state == 'done' and math.max(L.ended_ttl_s, window or 0) or L.ended_ttl_s)
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
  ended[#ended + 1], ended[#ended + 2] = now, job_id
  tally(counts, queue, state)
  if alone then
    write_ends(ended, counts, now)
  end
end

-- A task begins, by a delivery whose lease is held. Answers as `begin.lua` says; and true, if that is not `begun` and
-- the lease lasts all the same, because Celery still has to publish what follows the job.
local function begin_job(job, now, counts)
  local record, lease = K.record .. job.id, job.lease
  local is_known, state, ready_at, retries, by, cancel, expires_at, starts, postponed, crashes, unique, follows, keeps_result,
    deferred_at = recorded(record, 'enqueued_at', 'state', 'ready_at', 'retries', 'lease', 'cancel',
      'expires_at', 'starts', 'postponed', 'crashes', 'unique', 'follows', 'keeps_result', 'deferred_at')
  if not is_known then
    ensure_record(job.id, job.kind, job.queue, now)
    state, ready_at = 'ready', now
  end
  if state == 'done' and follows then
    return {state, follows}, true -- what follows was not published, or nobody knows
  end
  if is_final(state) or job.retries < tonumber(retries or 0) then
    return {state, redis.call('HGET', record, 'result') or ''}
  end
  local repeated = state == 'running' and lease ~= '' and by == lease
  if state == 'running' and lease ~= '' and by and not repeated and holds(by) then
    return {'running', ''}
  end
  expires_at = tonumber(expires_at or job.expires_at)
  if cancel == '1' or (expires_at and now > expires_at) then
    end_job(job.id, 'cancelled', now, {'error', cancel == '1' and 'it was stopped' or 'it expired before it started'})
    return {'cancelled', ''}
  end
  if state == 'running' and lease == '' then
    crashes = redis.call('HINCRBY', record, 'crashes', 1) -- only a process that never came back leaves a job like that
  end
  if not repeated then
    local been_away = starts or deferred_at or state ~= 'ready'
    starts = (starts or 0) + 1
    local fields = {'state', 'running', 'worker', job.worker, 'started_at', now, 'starts', starts,
      'waited_ms', math.max(0, now - (ready_at or now))}
    if lease ~= '' then
      fields[#fields + 1], fields[#fields + 2] = 'lease', lease
    end
    if job.keeps_result and not keeps_result then
      fields[#fields + 1], fields[#fields + 2] = 'keeps_result', '1'
    end
    redis.call('HSET', record, unpack(fields))
    if been_away then
      redis.call('HDEL', record, 'message', 'progress', 'deferred_at')
      leave_schedule(job.id, redis.call('HGET', record, 'series'))
    end
    if been_away or now - (ready_at or 0) > 3600000 then -- what has just become ready will not be forgotten for days
      redis.call('EXPIRE', record, L.waiting_ttl_s)
      if unique then
        redis.call('EXPIRE', unique, L.waiting_ttl_s)
      end
    end
    tally(counts, job.queue, 'started')
  end
  return {'begun', '', tonumber(starts), tonumber(postponed or 0), tonumber(crashes or 0)}
end

-- What `begin_job` needs of a message; nil where that is not told without decoding it: it carries a time, or headers of
-- its producer's own. Such a message is begun by its worker, who decodes it in any case.
local function plain_job(message)
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
  local is_known, state, keeps_result, error =
    recorded(record, 'enqueued_at', 'state', 'keeps_result', 'error')
  if not is_known then
    ensure_record(job.id, job.kind, job.queue, now)
  end
  if is_final(state) then
    return 0
  end
  if error then
    redis.call('HDEL', record, 'error')
  end
  local fields = {'outcome', job.outcome}
  if keeps_result == '1' and job.result ~= '' then
    fields[3], fields[4] = 'result', job.result
  end
  if handed_on ~= '' then
    fields[#fields + 1], fields[#fields + 2] = 'follows', handed_on
  end
  end_job(job.id, 'done', now, fields, ended, counts)
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

-- What `promote` needs of a job that is due: first, of a compact record, the fields that it has once it is ready.
local function due_job(record, due)
  local text = redis.pcall('GET', record)
  if type(text) == 'string' then
    local terms, payload = expand(text)
    return fields_of(terms, 'ready', due), first_message(job_of(record), terms, payload), terms.q, terms.l,
      terms.u and K.unique .. terms.u, due, terms.m, terms.s, terms.x and due + terms.x
  end
  return nil, unpack(redis.call('HMGET', record, 'message', 'queue', 'list', 'unique', 'ready_at', 'missed', 'series',
    'expires_at', 'suspect'))
end

-- A job that is due will not start; `fields` as above.
local function end_due(record, fields, now, why)
  if fields then
    replace(record, fields)
  end
  end_job(job_of(record), 'cancelled', now, {'error', why})
end

-- Move what is due from the schedule into its queue, oldest first; a job that missed its time follows its own policy.
-- Returns how many moved, the ids whose message was gone, and the ms until the next is due (-1: nothing is scheduled).
local function promote(limit, now)
  local moved, gone, rung = 0, {}, {}
  local found = redis.call('ZRANGE', K.schedule, '-inf', now, 'BYSCORE', 'LIMIT', 0, limit, 'WITHSCORES')
  for at = 1, #found, 2 do
    local job_id, record = found[at], K.record .. found[at]
    local is_known, fields, message, queue, list, unique, due, missed, series, expires_at, suspect =
      pcall(due_job, record, found[at + 1])
    leave_schedule(job_id, series)
    local late = missed and now - due > L.missed_after_ms
    if not is_known then
      redis.call('ZADD', K.schedule, now + L.missed_after_ms, job_id) -- a newer release wrote it, and will know it
    elseif not message then
      gone[#gone + 1] = job_id
    elseif expires_at and now > tonumber(expires_at) then
      end_due(record, fields, now, 'it expired before it started')
    elseif late and (missed == 'skip' or series and redis.call('ZCOUNT', K.series .. series, '-inf', now) > 0) then
      end_due(record, fields, now, 'it missed its time by ' .. math.floor((now - due) / 1000) .. ' s')
    else
      if suspect then
        redis.call('ZADD', K.suspects .. queue, now, message)
      else
        enter(list or queue, message)
      end
      if fields then
        replace(record, fields)
      else
        redis.call('HSET', record, 'state', 'ready')
        redis.call('HDEL', record, 'message')
      end
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
