-- A job is done, and its lease ends with it. Where a job ran twice, its lease having run out, the first end stands, and
-- a try that was scheduled is not needed. A record that was lost is made anew.
--
-- ARGV  1 job id   2 kind   3 queue   4 lease or ''   5 outcome   6 what the task returned, as JSON: kept where asked for; or ''
--       7 what a chain or a chord goes on with, as JSON, or '': the lease then lasts until Celery has published what follows
-- reply 1, or 0 if it had ended already
local handed_on = ARGV[7] or ''
if handed_on == '' then
  release(ARGV[4])
end
local job = {id = ARGV[1], kind = ARGV[2], queue = ARGV[3], outcome = ARGV[5], result = ARGV[6]}
return finish_job(job, now_ms(), handed_on)
