-- One word about a document: merged into its status, learned from, and told to whoever watches, all in one step. So
-- two workers that speak at once both are heard, and what watchers see never goes back.
--
-- KEYS  1 the document's status   2 how long steps take: <step>:<size class> -> "<mean in ms> <seen>"
-- ARGV  1 the channel   2 how many seconds to keep a status   3 ... and the times of steps   4 the word, JSON:
--         document_id, at_ms, state, step, progress, reason; version unless whichever is there is meant
--         of a step on its way, where progress is the step's: plan {{step, stage, share}, ...}, size_bytes, pages if known
-- reply the new status as JSON; false: nothing was said, a newer version has spoken or this one is concluded
local ENOUGH = 3 -- of one size class, before it is believed rather than a wider one
local REMEMBERED = 10 -- later ones move the mean by a tenth
local word = cjson.decode(ARGV[4])
local status = cjson.decode(redis.call('GET', KEYS[1]) or '{}')
local known = status.version or 0
local version = word.version or known

if known > version then
  return false
elseif known < version then
  status = {}
elseif word.plan and status.state and status.state ~= word.state then
  return false
end
local steps = status.steps or {}

local function class(unit, size)
  local _, doublings = math.frexp(size)
  return unit .. '<' .. 2 ^ math.max(doublings, 0)
end

local function size_classes() -- the narrower first
  local classes = {}
  if status.pages then
    classes[#classes + 1] = class('pages', status.pages)
  end
  if status.size_bytes then
    classes[#classes + 1] = class('KiB', status.size_bytes / 1024)
  end
  classes[#classes + 1] = 'any'
  return classes
end

local function mean_of(name, class)
  local mean, seen = string.match(redis.call('HGET', KEYS[2], name .. ':' .. class) or '', '^(%S+) (%d+)$')
  return tonumber(mean), tonumber(seen) or 0
end

local function lasts(name)
  local found
  for _, class in ipairs(size_classes()) do
    local mean, seen = mean_of(name, class)
    found = mean or found
    if seen >= ENOUGH then
      break
    end
  end
  return found
end

local function learn(name, took_ms) -- the geometric mean: one that waited a minute does not move it by seconds
  took_ms = math.max(took_ms, 1)
  for _, class in ipairs(size_classes()) do
    local mean, seen = mean_of(name, class)
    seen = math.min(seen + 1, REMEMBERED)
    mean = (mean or took_ms) * (took_ms / (mean or took_ms)) ^ (1 / seen)
    redis.call('HSET', KEYS[2], name .. ':' .. class, string.format('%.1f %d', mean, seen))
  end
  redis.call('EXPIRE', KEYS[2], ARGV[3])
end

local function could_begin(step) -- when the last step of the stages before it was done; nil: one is not
  local at = step.stage == 1 and step.began_at_ms or nil
  for _, other in pairs(steps) do
    if other.stage < step.stage then
      if other.state ~= 'done' then
        return nil
      end
      at = math.max(at or 0, other.done_at_ms)
    end
  end
  return at
end

local function move(name, step, percent)
  if step.state == 'done' then
    return
  end
  step.progress = math.max(step.progress, percent)
  step.began_at_ms = step.began_at_ms or word.at_ms
  step.state = step.progress >= 100 and 'done' or 'running'
  if step.state == 'done' then
    step.done_at_ms = word.at_ms
    local began = could_begin(step)
    if began and word.reason == '' then -- what is held for a reason took its own time
      learn(name, math.max(word.at_ms - began, 0))
    end
  end
end

local function overall()
  local all, done = 0, 0
  for _, step in pairs(steps) do
    all, done = all + step.share, done + step.share * step.progress
  end
  return math.min(math.floor(done / all), 99)
end

local function expected_at()
  local order = {}
  for name in pairs(steps) do
    order[#order + 1] = name
  end
  table.sort(order, function(one, other) return steps[one].stage < steps[other].stage end)
  local finish, before, stage = word.at_ms, word.at_ms, nil
  for _, name in ipairs(order) do
    local step = steps[name]
    if step.stage ~= stage then
      before, stage = finish, step.stage
    end
    if step.state ~= 'done' then
      local long = lasts(name)
      if not long then
        return nil
      end
      finish = math.max(finish, (could_begin(step) or before) + long)
    end
  end
  return math.floor(finish)
end

for _, planned in ipairs(word.plan or {}) do
  local step = steps[planned.step] or {state = 'waiting', progress = 0}
  step.stage, step.share = planned.stage, planned.share
  steps[planned.step] = step
end
status.pages = word.pages or status.pages
status.size_bytes = word.size_bytes or status.size_bytes
if steps[word.step] then
  move(word.step, steps[word.step], word.progress)
end
status.progress = word.plan and math.max(status.progress or 0, overall()) or word.progress
status.expected_at_ms = word.plan and expected_at() or nil
status.document_id, status.state, status.step = word.document_id, word.state, word.step
status.reason, status.updated_at_ms = word.reason, word.at_ms
status.version, status.steps = version, steps
local said = cjson.encode(status)
redis.call('SET', KEYS[1], said, 'EX', ARGV[2])
redis.call('PUBLISH', ARGV[1], said)
return said
