-- Records of jobs that wait for their time and were never anything else: a string each, until somebody touches it.

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
