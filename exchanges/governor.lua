-- The exchange's limits, kept beforehand for all processes; see exchanges/governor.py.
--
-- A rolling window is a hash of buckets: when they begin (ms, by this server's clock) -> how much
-- was let go, in weight; an account's, how many requests. A bucket counts from its first request to its end plus the window. It may begin in a
-- moment: whoever asks ahead gets room that comes back until then.
--
-- ARGV: prefix, span of a window (ms), length of a bucket (ms), requests assumed after a loss of
-- data, span of an account's window (ms), how far ahead room may be had (ms), then by command:
--   take:    how far ahead these are asked (ms); for each ask budget, most in its lane, account's
--            key ('' for none), its most, weight
--   room:    how soon is soon (ms); the budgets' names
--   restamp: budget; former stamp and weight of each group
--   return:  budget; stamp and weight of each group
--   move:    budget; former stamp, new stamp and weight of each group
-- take:    granted, wait (ms: until it may leave, or until to ask again), stamp for each ask; all of
--          an ask or nothing
-- room:    used at most from now on, used soon, ms until the next one is free, ms frozen for
--          each budget
-- restamp: the stamp from now on, 0 during a ban
-- return, move: 1
local prefix, span, width = ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local assumed, account_span, furthest = tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local stamp = now - now % width

-- Empty memory is no proof of silence: what was let go before is not known any more.
local born = tonumber(redis.call('GET', prefix .. 'born'))
if not born then
  born = now
  redis.call('SET', prefix .. 'born', born)
end
-- What had been promised then leaves up to `furthest` later.
local doubt_ends = born + span + furthest - now
local doubt = doubt_ends > 0 and assumed or 0

local function by_time(a, b) return a[1] < b[1] end

-- All that counts now or will; when parts of it end, and when parts of it only begin (ms from now).
local function read(key, length)
  local flat, used, ends, begins, stale = redis.call('HGETALL', key), 0, {}, {}, {}
  for i = 1, #flat, 2 do
    local start, count = tonumber(flat[i]), tonumber(flat[i + 1])
    if start + width + length <= now then
      stale[#stale + 1] = flat[i]
    elseif count > 0 then
      used = used + count
      ends[#ends + 1] = {start + width + length - now, count}
      -- Each of these begins when another one ends: in their bucket, the load does not rise.
      if start > now then begins[#begins + 1] = {start + width - now, count} end
    end
  end
  if #stale > 0 then redis.call('HDEL', key, unpack(stale)) end
  table.sort(ends, by_time)
  table.sort(begins, by_time)
  return used, ends, begins
end

-- The most that counts at any moment from now on, if nothing is added.
local function peak(used, ends, begins)
  if #begins == 0 then return used end
  local load, next_end = used, 1
  for _, each in ipairs(begins) do load = load - each[2] end
  local top = load
  for _, each in ipairs(begins) do
    while next_end <= #ends and ends[next_end][1] <= each[1] do
      load = load - ends[next_end][2]
      next_end = next_end + 1
    end
    load = load + each[2]
    top = math.max(top, load)
  end
  return top
end

-- Milliseconds until `count` more fit under `most`.
local function wait_for(used, ends, most, count)
  for _, each in ipairs(ends) do
    used = used - each[2]
    if used + count <= most then return each[1] end
  end
  return span
end

-- Everything of a budget that counts or will, what is assumed in doubt included.
local function read_budget(name)
  local used, ends, begins = read(prefix .. 'budget:' .. name, span)
  if doubt > 0 then
    ends[#ends + 1] = {doubt_ends, doubt}
    table.sort(ends, by_time)
  end
  return used + doubt, ends, begins
end

local function frozen(budget)
  return math.max(redis.call('PTTL', prefix .. 'frozen:' .. budget), 0)
end

local function stamp_in(wait)
  return now + wait - (now + wait) % width
end

local function note(key, count, length, at)
  redis.call('HINCRBY', key, at or stamp, count)
  redis.call('PEXPIRE', key, length + width + 1000)
end

local answer = {}
if ARGV[1] == 'room' then
  for i = 9, #ARGV do
    local used, ends, begins = read_budget(ARGV[i])
    local back = 0
    for _, each in ipairs(ends) do
      if each[1] <= tonumber(ARGV[8]) then back = back + each[2] end
    end
    answer[#answer + 1] = peak(used, ends, begins)
    answer[#answer + 1] = used - back
    answer[#answer + 1] = ends[1] and ends[1][1] or span
    answer[#answer + 1] = frozen(ARGV[i])
  end
elseif ARGV[1] == 'take' then
  local ahead, budgets = tonumber(ARGV[8]), {}
  for i = 9, #ARGV, 5 do
    local budget, most, count = ARGV[i], tonumber(ARGV[i + 1]), tonumber(ARGV[i + 4])
    local state = budgets[budget]
    if not state then
      state = {taken = {}, frozen = frozen(budget)}
      local used, ends, begins = read_budget(budget)
      -- What leaves now counts beside what has been promised to others for later.
      state.used = ahead > 0 and used or peak(used, ends, begins)
      state.promised = used - state.used
      state.ends = ends
      budgets[budget] = state
    end
    local wait, ready = state.frozen, 0
    if wait == 0 and state.used + count > most then
      wait = wait_for(state.used + state.promised, state.ends, most, count)
      if wait <= ahead then wait, ready = 0, wait else wait = wait - ahead end
    end
    local at = stamp_in(ready)
    local account = prefix .. 'account:' .. ARGV[i + 2]
    if wait == 0 and ARGV[i + 2] ~= '' then
      wait = math.max(redis.call('PTTL', account .. ':until'), 0)
      local own = tonumber(redis.call('GET', account .. ':most') or ARGV[i + 3])
      local used, ends = read(account, account_span)
      if wait == 0 and used + 1 > own then wait = wait_for(used, ends, own, 1) end
      if wait == 0 then note(account, 1, account_span, at) end
    end
    if wait == 0 then
      state.used = state.used + count
      state.taken[at] = (state.taken[at] or 0) + count
    end
    answer[#answer + 1] = wait == 0 and count or 0
    answer[#answer + 1] = wait == 0 and ready or wait
    answer[#answer + 1] = at
  end
  for budget, state in pairs(budgets) do
    for at, taken in pairs(state.taken) do
      note(prefix .. 'budget:' .. budget, taken, span, at)
    end
  end
elseif ARGV[1] == 'restamp' or ARGV[1] == 'return' then
  -- A permit that was taken a moment ago and is used only now counts from now; one that will never
  -- be used does not count at all.
  local key, moved = prefix .. 'budget:' .. ARGV[8], 0
  local is_return = ARGV[1] == 'return'
  if not is_return and frozen(ARGV[8]) > 0 then return {0} end
  for i = 9, #ARGV, 2 do
    if redis.call('HEXISTS', key, ARGV[i]) == 1 then
      redis.call('HINCRBY', key, ARGV[i], -tonumber(ARGV[i + 1]))
    end
    moved = moved + tonumber(ARGV[i + 1])
  end
  if not is_return then note(key, moved, span) end
  answer[1] = is_return and 1 or stamp
elseif ARGV[1] == 'move' then
  local key = prefix .. 'budget:' .. ARGV[8]
  for i = 9, #ARGV, 3 do
    local count = tonumber(ARGV[i + 2])
    if redis.call('HEXISTS', key, ARGV[i]) == 1 then redis.call('HINCRBY', key, ARGV[i], -count) end
    note(key, count, span, tonumber(ARGV[i + 1]))
  end
  answer[1] = 1
end
return answer
