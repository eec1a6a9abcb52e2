-- Accept one job: its record, and its message in the queue's list or in the schedule. Once per job id and per key.
-- A full Redis refuses the whole job, so its producer knows.
--
-- ARGV  1 job id   2 kind   3 queue   4 its message, or payload: see 17   5 delay in ms (0: now)   6 due time in ms ('': use the delay)
--       7 hash of the job's key, or ''   8 fingerprint of the producer's key secret   9 '1' if the result is kept
--       10 how many jobs may be ready in the queue   11 expires: ms after it was due, or ''   12 'skip', 'once' or ''
--       13 series, or ''   14 how long the key stays taken after `done`, in s, or ''
--       15 the periodic schedule whose tick the job is, with its time in 6; or ''   16 the schedule's timetable
--       17 the queue's list for the job's priority   18 tenant, or ''   19 the limit that the job names, or ''
--       20 '' if 4 is a message, as it may be of a job that is due now; '=' if it is the payload, in JSON, and '=' with the id
--       of the key that sealed it if it is a sealed body, in base64
-- reply {'created', due_ms} | {'duplicate', job id that stands} | {'other_secret'} | {'full', how many are ready}
local job_id, kind, queue, body, series, list, body_is = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[13], ARGV[17], ARGV[20]
local unique = ARGV[7] ~= '' and K.unique .. ARGV[7]

local schedule, timetable = ARGV[15] or '', ARGV[16]
if schedule ~= '' then
  -- A tick up to the latest has been published, however long ago its record went. A new timetable begins now.
  if tonumber(ARGV[6]) <= (latest_tick(schedule, timetable) or now_ms()) then
    return {'duplicate', job_id}
  end
end
local standing = standing_job(job_id, unique)
if standing == job_id then
  if schedule ~= '' then
    note_tick(schedule, timetable, ARGV[6], now_ms())
  end
  return {'duplicate', job_id}
end
if unique and is_other_secret(ARGV[8]) then
  return {'other_secret'}
end
if standing then
  return {'duplicate', standing}
end

local now = now_ms()
local due = ARGV[6] == '' and now + ARGV[5] or tonumber(ARGV[6])
local waits = due > now
local terms = new_terms(queue, now, {keeps_result = ARGV[9], expires = ARGV[11], missed = ARGV[12], series = series,
  window_s = ARGV[14], list = list, tenant = ARGV[18], limited_by = ARGV[19], sealed_with = string.sub(body_is, 2)})
terms.k = kind
local ready = not waits and count_ready(list)
if ready and ready >= tonumber(ARGV[10]) then
  return {'full', ready}
end

if unique then
  redis.call('SET', K.fingerprint, ARGV[8])
end
if waits then
  accept(job_id, unique, terms, body)
  place_scheduled({due, job_id}, due, series)
else
  ready_from(terms, now, due)
  accept(job_id, unique, terms)
  place_ready(list, ARGV[18], {body_is == '' and body or first_message(job_id, terms, body)})
end
if schedule ~= '' then
  note_tick(schedule, timetable, ARGV[6], now)
end
count(queue, 'enqueued')
return {'created', due}
