-- The exchange's limits, kept beforehand for all processes; see exchanges/governor.py.
--
-- A rolling window is a hash of buckets: when they begin (ms, by this server's clock) -> how many
-- were let go. A bucket counts from its first request to its end plus the window.
--
-- ARGV: prefix, span of a window (ms), length of a bucket (ms), requests assumed after a loss of
-- data, span of an account's window (ms), then by command:
--   take:    for each ask budget, most in its lane, account's key ('' for none), its most, count
--   room:    for each budget its name
--   restamp: budget, former stamp, count
-- take:    granted, wait (ms), stamp for each ask; all of an ask or nothing
-- room:    used, ms until the next one is free, ms frozen for each budget
-- restamp: the stamp from now on, 0 during a ban
local prefix, span, width = ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local assumed, account_span = tonumber(ARGV[5]), tonumber(ARGV[6])
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local stamp = now - now % width

-- Empty memory is no proof of silence: what was let go before is not known any more.
local born = tonumber(redis.call('GET', prefix .. 'born'))
if not born then
  born = now
  redis.call('SET', prefix .. 'born', born)
end
local doubt = now - born < span and assumed or 0

local function read(key, length)
  local flat, used, ends, stale = redis.call('HGETALL', key), 0, {}, {}
  for i = 1, #flat, 2 do
    local start, count = tonumber(flat[i]), tonumber(flat[i + 1])
    if start + width + length <= now then
      stale[#stale + 1] = flat[i]
    elseif count > 0 then
      used = used + count
      ends[#ends + 1] = {start + width + length - now, count}
    end
  end
  if #stale > 0 then redis.call('HDEL', key, unpack(stale)) end
  return used, ends
end

-- Milliseconds until `count` more fit under `most`.
local function wait_for(used, ends, most, count)
  table.sort(ends, function(a, b) return a[1] < b[1] end)
  for _, each in ipairs(ends) do
    used = used - each[2]
    if used + count <= most then return each[1] end
  end
  return doubt > 0 and born + span - now or span
end

local function frozen(budget)
  return math.max(redis.call('PTTL', prefix .. 'frozen:' .. budget), 0)
end

local function note(key, count, length)
  redis.call('HINCRBY', key, stamp, count)
  redis.call('PEXPIRE', key, length + width + 1000)
end

local answer = {}
if ARGV[1] == 'room' then
  for i = 7, #ARGV do
    local used, ends = read(prefix .. 'budget:' .. ARGV[i], span)
    local soonest = span
    for _, each in ipairs(ends) do soonest = math.min(soonest, each[1]) end
    answer[#answer + 1] = used + doubt
    answer[#answer + 1] = soonest
    answer[#answer + 1] = frozen(ARGV[i])
  end
elseif ARGV[1] == 'take' then
  local budgets = {}
  for i = 7, #ARGV, 5 do
    local budget, most, count = ARGV[i], tonumber(ARGV[i + 1]), tonumber(ARGV[i + 4])
    local state = budgets[budget]
    if not state then
      state = {taken = 0, frozen = frozen(budget)}
      state.used, state.ends = read(prefix .. 'budget:' .. budget, span)
      state.used = state.used + doubt
      budgets[budget] = state
    end
    local wait = state.frozen
    if wait == 0 and state.used + count > most then
      wait = wait_for(state.used, state.ends, most, count)
    end
    local account, learned = prefix .. 'account:' .. ARGV[i + 2], false
    if wait == 0 and ARGV[i + 2] ~= '' then
      wait = math.max(redis.call('PTTL', account .. ':until'), 0)
      local own = tonumber(redis.call('GET', account .. ':most') or ARGV[i + 3])
      local used, ends = read(account, account_span)
      if wait == 0 and used + count > own then wait = wait_for(used, ends, own, count) end
      if wait == 0 then note(account, count, account_span) end
    end
    if wait == 0 then
      state.used, state.taken = state.used + count, state.taken + count
    end
    answer[#answer + 1] = wait == 0 and count or 0
    answer[#answer + 1] = wait
    answer[#answer + 1] = stamp
  end
  for budget, state in pairs(budgets) do
    if state.taken > 0 then note(prefix .. 'budget:' .. budget, state.taken, span) end
  end
elseif ARGV[1] == 'restamp' then
  -- A permit that was taken a moment ago and is used only now counts from now.
  local key = prefix .. 'budget:' .. ARGV[7]
  if frozen(ARGV[7]) > 0 then return {0} end
  if redis.call('HEXISTS', key, ARGV[8]) == 1 then
    redis.call('HINCRBY', key, ARGV[8], -tonumber(ARGV[9]))
  end
  note(key, tonumber(ARGV[9]), span)
  answer[1] = stamp
end
return answer
