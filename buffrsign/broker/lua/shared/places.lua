-- What may be given out: limits of the whole fleet, paused queues, and places for the less urgent.

-- Limits of the whole fleet. A limit has a name (`kind:…`, `tenant:…`, or what a job says that it is limited by), and
-- bounds how many jobs are with workers, or start in a while, or both. What it refuses is held in a list of its own.
-- What is set for a limit, or for all of its family; nil if nothing is.
local function terms_of(name)
  if memo[name] == nil then
    local family = string.gsub(name, ':.*$', ':*')
    local set = redis.call('HGET', K.limits, name) or redis.call('HGET', K.limits, family)
    local most, starts, per_ms = string.match(set or '', '^(%d*) (%d*) (%d*)$')
    memo[name] = most and {name = name, most = tonumber(most), starts = tonumber(starts), per_ms = tonumber(per_ms)} or false
  end
  return memo[name] or nil
end

-- The limits that a message is under.
local function limits_of(message)
  local kind, tenant = header_of(message, 'task'), tenant_of(message)
  local names = {kind and 'kind:' .. kind or '', tenant and 'tenant:' .. tenant or '', header_of(message, 'limited_by') or ''}
  local found = {}
  for _, name in ipairs(names) do
    found[#found + 1] = name ~= '' and terms_of(name) or nil
  end
  return found
end

-- How many more may be with workers. The leases are the truth: one that has ended is forgotten when it is in the way.
local function room_under(limit)
  local in_use = K.in_use .. limit.name
  limit.room = limit.room or limit.most - redis.call('SCARD', in_use)
  if limit.room <= 0 and not limit.is_counted then
    limit.is_counted = true
    for _, lease in ipairs(redis.call('SMEMBERS', in_use)) do
      if not holds(lease) then
        redis.call('SREM', in_use, lease)
        limit.room = limit.room + 1
      end
    end
  end
  return limit.room
end

-- A second's starts may come together, and then one each interval (GCRA).
local function starts_again_at(limit)
  local interval = limit.per_ms / limit.starts
  return tonumber(redis.call('GET', K.rate .. limit.name) or 0) - math.max(0, math.min(limit.per_ms, 1000) - interval)
end

-- The first of these limits that has no room, and when it may have (0: as soon as a job ends); nil if all have.
local function refusing(limits, now)
  for _, limit in ipairs(limits) do
    if limit.starts and starts_again_at(limit) > now then
      return limit.name, starts_again_at(limit)
    end
    if limit.most and room_under(limit) <= 0 then
      return limit.name, 0
    end
  end
end

-- A job is given out under these limits.
local function spend(limits, lease, now)
  for _, limit in ipairs(limits) do
    if limit.starts then
      local next_start = math.max(tonumber(redis.call('GET', K.rate .. limit.name) or 0), now) + limit.per_ms / limit.starts
      redis.call('SET', K.rate .. limit.name, string.format('%.3f', next_start), 'EX', L.waiting_ttl_s)
    end
    if limit.most then
      limit.room = room_under(limit) - 1
      redis.call('SADD', K.in_use .. limit.name, lease)
      redis.call('EXPIRE', K.in_use .. limit.name, L.waiting_ttl_s)
    end
  end
end

-- The first of these limits under which others of this list are held already: nobody overtakes them.
local function waiting_before(list, limits)
  for _, limit in ipairs(limits) do
    if redis.call('ZSCORE', K.held_by .. list, limit.name) then
      return limit.name
    end
  end
end

local function count_held(list, times)
  if redis.call('HINCRBY', K.held, list, times) <= 0 then
    redis.call('HDEL', K.held, list)
  end
end

-- A limit has no room for this job; it is looked at again then, or when others are that wait before it.
local function hold_back(list, message, name, until_ms)
  redis.call('LPUSH', K.held .. ':' .. list .. ':' .. name, message)
  if until_ms then
    redis.call('ZADD', K.held_by .. list, until_ms, name)
  end
  count_held(list, 1)
end

-- The first that a limit held leaves it.
local function let_go(list, name)
  local message = redis.call('RPOP', K.held .. ':' .. list .. ':' .. name)
  if message then
    count_held(list, -1)
  end
  return message
end

-- Ms until a limit that holds jobs of these lists has room by the clock; 1e15 if none has.
local function ms_until_room(lists, now)
  local least = 1e15
  for _, list in ipairs(lists) do
    local next_one = redis.call('ZRANGE', K.held_by .. list, '(' .. now, '+inf', 'BYSCORE', 'LIMIT', 0, 1, 'WITHSCORES')
    least = next_one[2] and math.min(least, math.ceil(next_one[2] - now)) or least
  end
  return least
end

-- The lists of queues that are not paused; and whether nothing else is special about any list.
local function open_lists(lists)
  local special = {K.paused, K.limits, K.held, K.backlogged}
  for _, list in ipairs(lists) do
    special[#special + 1] = K.window .. list
  end
  if redis.call('EXISTS', unpack(special)) == 0 then
    return lists, true
  end
  local open = {}
  for _, list in ipairs(lists) do
    if redis.call('HEXISTS', K.paused, queue_of(list)) == 0 then
      open[#open + 1] = list
    end
  end
  return open, false
end

-- The most urgent lists, and the others.
local function by_urgency(lists)
  local urgent, others = {}, {}
  for _, list in ipairs(lists) do
    local which = queue_of(list) == list and urgent or others
    which[#which + 1] = list
  end
  return urgent, others
end

-- How many of so many places the less urgent lists have, whatever waits before them, and which of them is served first.
local function share_of(urgent, others, places)
  if places <= 0 or #others == 0 or redis.call('EXISTS', unpack(others)) == 0 then
    return 0, 1
  end
  local waiting = 0
  for _, list in ipairs(urgent) do
    waiting = waiting + redis.call('LLEN', list)
  end
  if waiting < places - math.floor(places / L.one_in) then
    return 0, 1 -- there is room for all of them
  end
  local given = redis.call('INCRBY', K.places, places)
  local turns = math.floor(given / L.one_in)
  return turns - math.floor((given - places) / L.one_in), turns % #others + 1
end
