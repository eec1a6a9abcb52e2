-- Records of jobs that have not begun yet: a string each, until they begin or somebody touches them.

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
  memo[time] = memo[time] or string.format('%.0f', time)
  return memo[time]
end

-- A job that has not begun yet, and was never anything else, has a compact record: a string of MessagePack. While it waits
-- for its time that is the array {1, its terms, its payload}, and the schedule alone knows when it is due. Once it is ready,
-- {2, its terms, the hash of its key or ''}: jobs that were accepted together differ in no more than that. The terms, by one
-- letter each, those that were given: k kind, q queue, e enqueued at, a ready at, p the key that sealed the payload, r '1'
-- if the result is kept, u (only while it waits) the hash of its key, m what follows if its time was missed, s series, w how
-- long its key stays taken, x ms from its time, or from a, to its expiry, l its list where that is not the queue's own,
-- t tenant, b the limit that it names.
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

-- These terms are those of a job that is ready since `at`, and whose time was `due`.
local function ready_from(terms, at, due)
  terms.a, terms.x = at, terms.x and due + terms.x - at
end

-- A compact record but for its last element, which may be all that differs between jobs that are accepted together.
local function pack_terms(terms)
  return (terms.a and '\147\2' or '\147\1') .. cmsgpack.pack(terms)
end

-- A compact record. `hash` is that of the job's key, or nil; the payload is given of a job that waits for its time.
local function pack_record(terms, hash, payload)
  terms.u = payload and hash or nil
  return pack_terms(terms) .. cmsgpack.pack(payload or hash or '')
end

-- The terms of a compact record; and its payload, while the job waits for its time.
local function expand(text)
  local form, terms, last = unpack(cmsgpack.unpack(text))
  assert(form == 1 or form == 2, 'a newer release wrote this record')
  if form == 1 then
    return terms, last
  end
  terms.u = last ~= '' and last or nil
  return terms
end

-- The same as the fields of a whole record, a flat list of texts, without the message.
local function fields_of(terms, state, ready_at)
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
    say('expires_at', in_ms(ready_at + terms.x))
  end
  return fields
end

-- The job id in a record's name.
local function job_of(record)
  return string.sub(record, #K.record + 1)
end

-- All that a compact record says, as the fields of a whole one; and its terms.
local function inflated(record, text)
  local job_id, terms, payload = job_of(record), expand(text)
  if terms.a then
    return fields_of(terms, 'ready', in_ms(terms.a)), terms
  end
  local fields = fields_of(terms, 'scheduled', redis.call('ZSCORE', K.schedule, job_id) or in_ms(terms.e))
  fields[#fields + 1], fields[#fields + 2] = 'message', first_message(job_id, terms, payload)
  return fields, terms
end

-- In the place of a compact record, write a whole one: a hash. It, and its key, stay while the job waits for its time.
local function replace(record, fields, terms)
  redis.call('DEL', record)
  redis.call('HSET', record, unpack(fields))
  if terms.a then
    redis.call('EXPIRE', record, L.waiting_ttl_s)
  end
  if terms.a and terms.u then
    redis.call('EXPIRE', K.unique .. terms.u, L.waiting_ttl_s)
  end
end

-- What a hash command answers of a record. MUST be how a script first looks at one that it may write to: it makes it whole.
local function looked_at(command, record, ...)
  local answer = redis.pcall(command, record, ...)
  if answer.err then
    replace(record, inflated(record, redis.call('GET', record)))
    answer = redis.call(command, record, ...)
  end
  return answer
end

-- These fields of a record.
local function recorded(record, ...)
  return unpack(looked_at('HMGET', record, ...))
end

-- All fields of a record, by their names: quicker where many are asked for.
local function all_recorded(record)
  local flat, fields = looked_at('HGETALL', record), {}
  for at = 1, #flat, 2 do
    fields[flat[at]] = flat[at + 1]
  end
  return fields
end
