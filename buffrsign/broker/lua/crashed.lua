-- The process that ran one job is gone, and its holder lives: as a child of it that was killed.
--
-- ARGV  1 lease   2 what is known of it, in a sentence
-- reply 'suspect' (it runs again, alone), 'dead', 'cancelled', 'back' (it had not begun), or '' if the lease was lost
local now = now_ms()
local _, message = leased(ARGV[1])
if not message then
  return ''
end
if not has_begun(ARGV[1], id_of(message)) then
  give_back(ARGV[1], now, 'given_back')
  return 'back'
end
return crashed(ARGV[1], now, ARGV[2])
