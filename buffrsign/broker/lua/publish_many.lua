-- Accept up to 256 jobs of one queue on the same terms, all or none, as `publish` accepts one. Those that stand already are
-- left as they are. Costs some 5 µs a job.
--
-- ARGV  1 queue   2 delay in ms (0: now)   3 due time in ms ('': use the delay)
--       4 fingerprint of the producer's key secret, or '' where no job of the whole bulk has a key
--       5 '1' if the results are kept   6 how many jobs may be ready in the queue
--       7 expires: ms after they were due, or ''   8 'skip', 'once' or ''   9 series, or ''
--       10 how long a key stays taken after `done`, in s, or ''
--       11 the queue's list for the jobs' priority   12 tenant, or ''
--       then for each job: its id, kind, message, and the hash of its key, or ''
-- reply {'accepted', one character for each job: '1' created, '0' duplicate, job id that stands for each duplicate...}
--       | {'other_secret'} | {'full', how many are ready}
local queue, series, list, first = ARGV[1], ARGV[9], ARGV[11], 13
if ARGV[4] ~= '' and is_other_secret(ARGV[4]) then
  return {'other_secret'}
end
local now = now_ms()
local due = ARGV[3] == '' and now + ARGV[2] or tonumber(ARGV[3])
local fields, waits = common_fields(queue, now, due,
  {keeps_result = ARGV[5], expires = ARGV[7], missed = ARGV[8], series = series, window_s = ARGV[10], list = list})

local ready = waits and 0 or count_ready(list)
if not waits and ready + (#ARGV - first + 1) / 4 > tonumber(ARGV[6]) then
  local new = 0
  for at = first, #ARGV, 4 do
    new = new + (standing_job(ARGV[at], ARGV[at + 3] ~= '' and K.unique .. ARGV[at + 3]) and 0 or 1)
  end
  if new > 0 and ready + new > tonumber(ARGV[6]) then
    return {'full', ready}
  end
end

local flags, standing_ones, places = {}, {}, {}
for at = first, #ARGV, 4 do
  local job_id, unique = ARGV[at], ARGV[at + 3] ~= '' and K.unique .. ARGV[at + 3]
  local standing = standing_job(job_id, unique)
  if standing then
    flags[#flags + 1] = '0'
    standing_ones[#standing_ones + 1] = standing
  else
    accept(job_id, ARGV[at + 1], ARGV[at + 2], unique, fields, waits)
    flags[#flags + 1] = '1'
    if waits then
      places[#places + 1] = due
    end
    places[#places + 1] = waits and job_id or ARGV[at + 2]
  end
end
if #places > 0 then
  if ARGV[4] ~= '' then
    redis.call('SET', K.fingerprint, ARGV[4])
  end
  place(list, ARGV[12], places, due, waits, series)
  count(queue, 'enqueued', #places / (waits and 2 or 1))
end
return {'accepted', table.concat(flags), unpack(standing_ones)}
