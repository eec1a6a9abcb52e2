-- What scripts read of a message, without decoding it where they can.

-- A message's headers as they are written, if nothing is nested in them but perhaps one empty object: then a name in
-- quotes and a colon are found in them once, and mean what they say. Searching costs a tenth of decoding.
local function plain_headers(message)
  local _, from = string.find(message, '"headers":', 1, true)
  from = from and string.find(message, '{', from, true)
  local to = from and string.find(message, '}', from, true)
  local nested = to and string.find(message, '{', from + 1, true)
  if nested and nested < to then
    if nested + 1 ~= to then
      return nil
    end
    to = string.find(message, '}', to + 1, true)
    local more = string.find(message, '{', nested + 1, true)
    if not to or more and more < to then
      return nil
    end
  end
  return to and string.sub(message, from, to)
end

-- Where the value of this name begins, or nil.
local function value_in(headers, name)
  local _, at = string.find(headers, '"' .. name .. '":', 1, true)
  return at and (string.byte(headers, at + 1) == 32 and at + 2 or at + 1)
end

-- The text that this name has; nil if it has another value, or one with an escape in it.
local function text_in(headers, name)
  local at = value_in(headers, name)
  local close = at and string.byte(headers, at) == 34 and string.find(headers, '"', at + 1, true)
  local text = close and string.sub(headers, at + 1, close - 1)
  return text and text ~= '' and not string.find(text, '\\', 1, true) and text or nil
end

local function is_null_in(headers, name)
  local at = value_in(headers, name)
  return not at or string.sub(headers, at, at + 3) == 'null'
end

-- A message's headers and properties, each empty where there is none to be read.
local function parts_of(message)
  local readable, envelope = pcall(cjson.decode, message)
  envelope = readable and type(envelope) == 'table' and envelope or {}
  return type(envelope.headers) == 'table' and envelope.headers or {},
    type(envelope.properties) == 'table' and envelope.properties or {}
end

-- The job id in a message, or nil. Celery's first protocol has it in the properties only. Most need not be decoded for it.
local function id_of(message)
  local plain = plain_headers(message)
  local found = plain and text_in(plain, 'id')
  if found then
    return found
  end
  local headers, properties = parts_of(message)
  local id = headers.id or properties.correlation_id
  return type(id) == 'string' and id or nil
end

-- Which try a message is, as its own headers say.
local function try_of(message)
  local headers = parts_of(message)
  return tonumber(headers.retries) or 0
end

-- A text among a message's headers, or nil. Most messages have no such header, and are not looked at further.
local function header_of(message, name)
  if not string.find(message, '"' .. name .. '":', 1, true) then
    return nil
  end
  local plain = plain_headers(message)
  local value = plain and text_in(plain, name)
  if not plain then
    value = (parts_of(message))[name]
  end
  return type(value) == 'string' and #value <= L.name_bytes and string.match(value, '^[%w_.:@-]+$') or nil
end

local function tenant_of(message)
  return header_of(message, 'tenant')
end
