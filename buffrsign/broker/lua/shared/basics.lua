-- What every script may need: the time, names, counters, bells. K has the names of the keys, L the limits; times are ms
-- since 1970 on Redis's own clock.

local function now_ms()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

local function is_final(state)
  return state == 'done' or state == 'dead' or state == 'cancelled'
end

local function count(queue, event, times)
  redis.call('HINCRBY', K.counters, (queue or 'unknown') .. ':' .. event, times or 1)
end

-- A queue has one list per priority step: its own name, or its name, kombu's separator and the step.
local function queue_of(list)
  local at = string.find(list, '\6\22', 1, true)
  return at and string.sub(list, 1, at - 1) or list
end

-- The priority step of a list.
local function step_of(list)
  return string.match(list, '\6\22(%d+)$') or '0'
end

local function ring(bell)
  if redis.call('EXISTS', bell) == 0 then
    redis.call('LPUSH', bell, 1)
  end
end
