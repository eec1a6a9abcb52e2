-- Accept up to 256 jobs of one queue on the same terms, all or none, as `publish` accepts one. Those that stand already are
-- left as they are. Costs some 5 µs a job.
--
-- ARGV  1 queue   2 delay in ms (0: now)   3 due time in ms ('': use the delay)
--       4 fingerprint of the producer's key secret, or '' where no job of the whole bulk has a key
--       5 '1' if the results are kept   6 how many jobs may be ready in the queue
--       7 expires: ms after they were due, or ''   8 'skip', 'once' or ''   9 series, or ''
--       10 how long a key stays taken after `done`, in s, or ''
--       11 the queue's list for the jobs' priority   12 tenant, or ''   13 the limit that the jobs name, or ''
--       14 what the jobs' bodies are: see 20 of `publish`
--       then for each job: its id, kind, body, and the hash of its key, or ''
-- reply {'accepted', one character for each job: '1' created, '0' duplicate, job id that stands for each duplicate...}
--       | {'other_secret'} | {'full', how many are ready}
local queue, series, list, body_is, first = ARGV[1], ARGV[9], ARGV[11], ARGV[14], 15
if ARGV[4] ~= '' and is_other_secret(ARGV[4]) then
  return {'other_secret'}
end
local now = now_ms()
local due = ARGV[3] == '' and now + ARGV[2] or tonumber(ARGV[3])
local waits = due > now
local terms = new_terms(queue, now, {keeps_result = ARGV[5], expires = ARGV[7], missed = ARGV[8], series = series,
  window_s = ARGV[10], list = list, tenant = ARGV[12], limited_by = ARGV[13], sealed_with = string.sub(body_is, 2)})

-- One question for all: in most bulks no id stands, and each question costs a microsecond.
local records, known = {}, {}
for at = first, #ARGV, 4 do
  records[#records + 1] = K.record .. ARGV[at]
end
local some_stand = redis.call('EXISTS', unpack(records)) > 0

-- The job that stands where this one would be accepted, or nil; and the key that it would take.
local function standing_for(at)
  local job_id, unique = ARGV[at], ARGV[at + 3] ~= '' and K.unique .. ARGV[at + 3]
  local may_stand = some_stand or unique or known[job_id]
  return may_stand and standing_job(job_id, unique) or nil, unique
end

local ready = waits and 0 or count_ready(list)
if not waits and ready + #records > tonumber(ARGV[6]) then
  local new = 0
  for at = first, #ARGV, 4 do
    new = new + (standing_for(at) and 0 or 1)
  end
  if new > 0 and ready + new > tonumber(ARGV[6]) then
    return {'full', ready}
  end
end

local flags, standing_ones, places = {}, {}, {}
local fields = fields_of(terms, 'ready', in_ms(now), due)
local common, due_text = #fields, in_ms(due)
for at = first, #ARGV, 4 do
  local job_id, body = ARGV[at], ARGV[at + 2]
  local standing, unique = standing_for(at)
  if standing then
    flags[#flags + 1] = '0'
    standing_ones[#standing_ones + 1] = standing
  else
    flags[#flags + 1] = '1'
    known[job_id], terms.k = true, ARGV[at + 1]
    if waits then
      accept_scheduled(job_id, body, unique, terms)
      places[#places + 1], places[#places + 2] = due_text, job_id
    else
      accept(records[(at - first) / 4 + 1], job_id, terms.k, unique, fields, common)
      places[#places + 1] = body_is == '' and body or first_message(job_id, terms, body)
    end
  end
end
if #places > 0 then
  if ARGV[4] ~= '' then
    redis.call('SET', K.fingerprint, ARGV[4])
  end
  if waits then
    place_scheduled(places, due, series)
  else
    place_ready(list, ARGV[12], places)
  end
  count(queue, 'enqueued', #places / (waits and 2 or 1))
end
return {'accepted', table.concat(flags), unpack(standing_ones)}
