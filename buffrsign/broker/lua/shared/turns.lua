-- Fairness between tenants. A ready list is a window on what comes next: while several tenants have jobs, it holds at
-- most so many of theirs, and the rest wait in a list for each tenant. `turns` names those whose jobs the window is
-- filled up from, one of each in turn. Who comes while the window is full of others' jobs is a guest: guests are served
-- past the window, one job of each after one job of each tenant in it, until what was in the window when they came is gone.

-- So many of a tenant's jobs came into the window, or left it. '#' counts all tenants' together.
local function count_in_window(list, tenant, times)
  local window = K.window .. list
  for _, name in ipairs({tenant, '#'}) do
    if redis.call('HINCRBY', window, name, times) <= 0 then
      redis.call('HDEL', window, name)
    end
  end
end

local function to_window(list, tenant, messages)
  redis.call('LPUSH', list, unpack(messages))
  count_in_window(list, tenant, #messages)
end

-- These messages were taken out of the window.
local function from_window(list, messages)
  if redis.call('EXISTS', K.window .. list) == 1 then
    local times = {}
    for _, message in ipairs(messages) do
      local tenant = tenant_of(message)
      if tenant then
        times[tenant] = (times[tenant] or 0) + 1
      end
    end
    for tenant, how_many in pairs(times) do
      count_in_window(list, tenant, -how_many)
    end
  end
end

-- How many have jobs in the window; those without a tenant, and what stock producers sent, are one together.
local function count_residents(list)
  local tenants = math.max(0, redis.call('HLEN', K.window .. list) - 1)
  local theirs = tonumber(redis.call('HGET', K.window .. list, '#') or 0)
  return redis.call('LLEN', list) > theirs and tenants + 1 or tenants
end

local function count_backlog(list, times)
  if redis.call('HINCRBY', K.backlogged, list, times) <= 0 then
    redis.call('HDEL', K.backlogged, list)
  end
end

local function is_alone_in_window(list, tenant, length)
  local window = K.window .. list
  return redis.call('EXISTS', K.turns .. list, K.guests .. list) == 0
    and (length == 0 or tonumber(redis.call('HGET', window, tenant) or 0) >= length)
end

-- The jobs of a tenant that are ready wait for their turn.
local function enter_turns(list, tenant, messages)
  local backlog, length = K.backlog .. list .. ':' .. tenant, redis.call('LLEN', list)
  local has_backlog = redis.call('EXISTS', backlog) == 1
  local from = 1
  if not has_backlog and is_alone_in_window(list, tenant, length) then
    if length == 0 then
      redis.call('DEL', K.window .. list) -- what a stock worker took was not counted
    end
    from = math.min(#messages, math.max(0, L.window - length)) + 1
    if from > 1 then
      to_window(list, tenant, {unpack(messages, 1, from - 1)})
    end
    if from <= #messages then
      redis.call('RPUSH', K.turns .. list, tenant)
    end
  elseif not has_backlog then
    local guests, until_taken = K.guests .. list, K.until_taken .. list
    if redis.call('EXISTS', guests) == 0 then
      redis.call('RPUSH', guests, '')
    end
    redis.call('RPUSH', guests, tenant)
    redis.call('HSET', until_taken, tenant, length + (redis.call('HGET', until_taken, '#taken') or 0))
  end
  if from <= #messages then
    redis.call('LPUSH', backlog, unpack(messages, from))
    count_backlog(list, #messages - from + 1)
  end
end

-- A job becomes ready: it goes to the end of its list, or waits for its tenant's turn.
local function enter(list, message)
  local tenant = tenant_of(message)
  if tenant then
    enter_turns(list, tenant, {message})
  else
    redis.call('LPUSH', list, message)
  end
end

-- Jobs become ready together, in this order.
local function enter_all(list, messages)
  local nobodys = {}
  for _, message in ipairs(messages) do
    local tenant = tenant_of(message)
    if tenant then
      enter_turns(list, tenant, {message})
    else
      nobodys[#nobodys + 1] = message
    end
  end
  if #nobodys > 0 then
    redis.call('LPUSH', list, unpack(nobodys))
  end
end

-- Take up to so many of a tenant's own; nil if there are none.
local function from_backlog(list, tenant, most)
  local messages = redis.call('RPOP', K.backlog .. list .. ':' .. tenant, most)
  if messages then
    count_backlog(list, -#messages)
  end
  return messages
end

-- Nobody comes past the window any more.
local function end_guests(list)
  redis.call('DEL', K.guests .. list, K.until_taken .. list)
end

-- Fill the window up again, one job of each tenant in turn. One that is empty lets its guests in.
local function refill(list)
  local turns, guests, length = K.turns .. list, K.guests .. list, redis.call('LLEN', list)
  if length == 0 and redis.call('EXISTS', guests) == 1 then
    for _, tenant in ipairs(redis.call('LRANGE', guests, 0, -1)) do
      if tenant ~= '' then
        redis.call('RPUSH', turns, tenant)
      end
    end
    end_guests(list)
  end
  local is_only_one = redis.call('LLEN', turns) == 1
  while length < L.window do
    local tenant = redis.call('LPOP', turns)
    if not tenant then
      break
    end
    local messages = from_backlog(list, tenant, is_only_one and L.window - length or 1)
    if messages then
      to_window(list, tenant, messages)
      length = length + #messages
      if redis.call('EXISTS', K.backlog .. list .. ':' .. tenant) == 1 then
        redis.call('RPUSH', turns, tenant)
      end
    end
  end
end

-- Take up to so many from the window, and the turn of whose they are.
local function take_from_window(list, most)
  local messages = redis.call('RPOP', list, most) or {}
  from_window(list, messages)
  return messages
end

-- Take up to so many where guests have come: '' in their ring is the turn of all who are in the window.
local function take_past_window(list, most)
  local guests, until_taken, taken = K.guests .. list, K.until_taken .. list, {}
  while #taken < most do
    local whose = redis.call('LPOP', guests)
    if not whose or whose == '' and redis.call('EXISTS', guests) == 0 then
      end_guests(list)
      break
    end
    if whose == '' then
      local left = tonumber(redis.call('HGET', until_taken, '#left') or math.max(1, count_residents(list)))
      local wanted = math.min(left, most - #taken)
      local messages = take_from_window(list, wanted)
      for _, message in ipairs(messages) do
        taken[#taken + 1] = message
      end
      redis.call('HINCRBY', until_taken, '#taken', #messages)
      if #messages < wanted or left == wanted then
        redis.call('HDEL', until_taken, '#left')
        redis.call('RPUSH', guests, '')
      else
        redis.call('HSET', until_taken, '#left', left - wanted)
        redis.call('LPUSH', guests, '')
      end
    else
      local messages = from_backlog(list, whose, 1) or {}
      taken[#taken + 1] = messages[1]
      local stays = redis.call('EXISTS', K.backlog .. list .. ':' .. whose) == 1
      local counted, till = unpack(redis.call('HMGET', until_taken, '#taken', whose))
      if stays and tonumber(till or 0) > tonumber(counted or 0) then
        redis.call('RPUSH', guests, whose)
      else
        redis.call('HDEL', until_taken, whose)
        if stays then
          redis.call('RPUSH', K.turns .. list, whose)
        end
      end
    end
  end
  return taken
end

-- Take up to so many of a list's jobs, each tenant in turn.
local function take_in_turn(list, most)
  local messages = {}
  if redis.call('EXISTS', K.guests .. list) == 1 then
    messages = take_past_window(list, most)
  end
  if #messages < most then
    for _, message in ipairs(take_from_window(list, most - #messages)) do
      messages[#messages + 1] = message
    end
  end
  if redis.call('HEXISTS', K.backlogged, list) == 1 then
    refill(list)
    if #messages == 0 then
      messages = take_from_window(list, most)
    end
  end
  return messages
end

-- How many jobs are ready in a list, wherever they wait.
local function count_ready(list)
  local backlog, held = redis.call('HGET', K.backlogged, list), redis.call('HGET', K.held, list)
  return redis.call('LLEN', list) + (backlog or 0) + (held or 0)
end
