-- Read the latest published tick of one schedule.
--
-- ARGV  1 schedule's name   2 its timetable
-- reply {now in ms, the latest tick in ms, or -1 if nobody followed this timetable yet}
return {now_ms(), latest_tick(ARGV[1], ARGV[2]) or -1}
