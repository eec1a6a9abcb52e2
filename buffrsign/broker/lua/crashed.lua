-- The process that ran one job is gone, and its holder lives: as a child of it that was killed.
--
-- ARGV  1 lease   2 what is known of it, in a sentence
-- reply 'suspect' (it runs again, alone), 'dead', 'cancelled', 'back' (it had not begun), or '' if the lease was lost
local now = now_ms()
local list, message = leased(ARGV[1])
if not list then
  return ''
end
local job_id = id_of(message)
if not has_begun(ARGV[1], job_id) then
  put_back_leased(ARGV[1], list, message, job_id, now, 'given_back')
  return 'back'
end
return crashed(ARGV[1], list, message, job_id, now, ARGV[2])
