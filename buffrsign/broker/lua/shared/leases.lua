-- Leases: who holds which message.

-- Leases. '' is the delivery of a transport that has none: every check passes.
local function holder_of(lease)
  return string.match(lease, '^(.*)%.%d+$')
end

local function holds(lease)
  return lease == '' or redis.call('HEXISTS', K.holder .. holder_of(lease), lease) == 1
end

local function release(lease)
  return lease ~= '' and redis.call('HDEL', K.holder .. holder_of(lease), lease) == 1
end

-- In the order in which they go back to the head of a list, so that what was taken first is taken first again.
local function newest_first(leases)
  local function number(lease)
    return tonumber(string.match(lease, '%.(%d+)$'))
  end
  table.sort(leases, function(one, other)
    return number(one) > number(other)
  end)
  return leases
end

-- A lease's value: the list and the message that were leased.
local function split_leased(value)
  local zero = string.find(value, '\0', 1, true)
  return string.sub(value, 1, zero - 1), string.sub(value, zero + 1)
end

-- What was leased: its list and its message, or nil.
local function leased(lease)
  local value = redis.call('HGET', K.holder .. holder_of(lease), lease)
  if value then
    return split_leased(value)
  end
end
