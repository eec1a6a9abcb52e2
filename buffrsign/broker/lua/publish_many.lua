-- Accept up to 256 jobs of one queue on the same terms, all or none, as `publish` accepts one. Those that stand already are
-- left as they are. Costs some 4 µs a job, where none stands.
--
-- ARGV  1 queue   2 delay in ms (0: now)   3 due time in ms ('': use the delay)
--       4 fingerprint of the producer's key secret, or '' where no job of the whole bulk has a key
--       5 '1' if the results are kept   6 how many jobs may be ready in the queue
--       7 expires: ms after they were due, or ''   8 'skip', 'once' or ''   9 series, or ''
--       10 how long a key stays taken after `done`, in s, or ''
--       11 the queue's list for the jobs' priority   12 tenant, or ''   13 the limit that the jobs name, or ''
--       14 what the jobs' bodies are: see 20 of `publish`   15 the kind of all, or '' where they have several
--       then for each job: its id; body; its kind, if 15 is ''; and the hash of its key or '', if 4 is not ''
-- reply {'accepted', one character for each job: '1' created, '0' duplicate, job id that stands for each duplicate...}
--       | {'other_secret'} | {'full', how many are ready}
local queue, series, list, tenant, body_is, kind_of_all, first = ARGV[1], ARGV[9], ARGV[11], ARGV[12], ARGV[14], ARGV[15], 16
local is_keyed, is_mixed = ARGV[4] ~= '', kind_of_all == ''
local values = 2 + (is_mixed and 1 or 0) + (is_keyed and 1 or 0)
local how_many = (#ARGV - first + 1) / values
if is_keyed and is_other_secret(ARGV[4]) then
  return {'other_secret'}
end
local now = now_ms()
local due = ARGV[3] == '' and now + ARGV[2] or tonumber(ARGV[3])
local waits = due > now
local terms = new_terms(queue, now, {keeps_result = ARGV[5], expires = ARGV[7], missed = ARGV[8], series = series,
  window_s = ARGV[10], list = list, tenant = tenant, limited_by = ARGV[13], sealed_with = string.sub(body_is, 2)})
if not waits then
  ready_from(terms, now, due)
end

-- The job's id and body, the name that its key takes or nil, and the record of it, the same for all of a kind that have no key.
local records = {}
local function job_at(at)
  local job_id, body, kind = ARGV[at], ARGV[at + 1], is_mixed and ARGV[at + 2] or kind_of_all
  local hash = is_keyed and ARGV[at + values - 1] ~= '' and ARGV[at + values - 1] or nil
  terms.k = kind
  if waits or hash then
    return job_id, body, hash and K.unique .. hash, pack_record(terms, hash, waits and body)
  end
  records[kind] = records[kind] or pack_record(terms)
  return job_id, body, nil, records[kind]
end

local places, due_text = {}, in_ms(due)
local function place(job_id, body)
  if waits then
    places[#places + 1], places[#places + 2] = due_text, job_id
  else
    places[#places + 1] = body_is == '' and body or first_message(job_id, terms, body)
  end
end

-- In most bulks no id and no key stands, and one command writes all. Whether it did.
local function accept_all()
  local written, seen, last = {}, {}, 0
  for at = first, #ARGV, values do
    local job_id, body, unique, record = job_at(at)
    if seen[job_id] or unique and seen[unique] then
      return false
    end
    last = last + 2
    seen[job_id], written[last - 1], written[last] = true, K.record .. job_id, record
    if unique then
      last = last + 2
      seen[unique], written[last - 1], written[last] = true, unique, job_id
    end
    place(job_id, body)
  end
  return redis.call('MSETNX', unpack(written)) == 1
end

local function accept_each()
  local flags, standing_ones = {}, {}
  for at = first, #ARGV, values do
    local job_id, body, unique, record = job_at(at)
    local standing = standing_job(job_id, unique)
    flags[#flags + 1], standing_ones[#standing_ones + 1] = standing and '0' or '1', standing
    if not standing then
      redis.call('SET', K.record .. job_id, record)
      if unique then
        redis.call('SET', unique, job_id)
      end
      place(job_id, body)
    end
  end
  return flags, standing_ones
end

local ready = waits and 0 or count_ready(list)
local fits = waits or ready + how_many <= tonumber(ARGV[6])
if not fits then
  local new = 0
  for at = first, #ARGV, values do
    local job_id, _, unique = job_at(at)
    new = new + (standing_job(job_id, unique) and 0 or 1)
  end
  if new > 0 and ready + new > tonumber(ARGV[6]) then
    return {'full', ready}
  end
end

local flags, standing_ones = string.rep('1', how_many), {}
if not fits or not accept_all() then
  places = {}
  local each
  each, standing_ones = accept_each()
  flags = table.concat(each)
end
if #places > 0 then
  if is_keyed then
    redis.call('SET', K.fingerprint, ARGV[4])
  end
  if waits then
    place_scheduled(places, due, series)
  else
    place_ready(list, tenant, places)
  end
  count(queue, 'enqueued', #places / (waits and 2 or 1))
end
return {'accepted', flags, unpack(standing_ones)}
