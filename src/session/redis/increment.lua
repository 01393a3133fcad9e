-- Adds to numbers in sessions; in each of them all additions or none.
--
-- KEYS  1 the outcome  of what was last done in this way by this client: the sequence and what was returned, line by line
--       2 … sessions   as in commit.lua
-- ARGV  1 flags        r repeated: the first attempt may have been carried out; e the sessions must exist
--       2 sequence     number of the change, from this client
--       3 memory       for how long the outcome is remembered, in ms
--       4 kind         where in the key of a session the letter is that a "w" makes its channel
--       5 time to live in ms, "inf" for ever, "" as it is
--       6 limit        keys that a session may have
--       for each session: how many of the following there are, and
--         key, what is added, span   "" or, for a sum of several whole numbers, the sum of their amounts
-- Returns for each session "done <version> <sums …>", "locked <for ms>", "failed <why>", or "refused" for what needs a closer
-- look: a session that is not there and must be, something else than a number, a sum beyond all numbers or not exact,
-- too many keys.
local time = redis.call('TIME')
local nowMs = time[1] * 1000 + math.floor(time[2] / 1000)
local nowUs = time[1] * 1000000 + time[2]
local nowVersion = string.format('%.0f', nowUs)
local mustExist = string.find(ARGV[1], 'e', 1, true)
local sequence, memory, kindAt, ttl, limit = unpack(ARGV, 2, 6)
local EXACT = 2 ^ 53

local function asNumber(text)
  return text and string.find(text, '^-?%d') and tonumber(text)
end

local function asText(number)
  -- The short form costs less.
  if number % 1 == 0 and number > -EXACT and number < EXACT then return string.format('%.0f', number) end
  return string.format('%.17g', number)
end

local function increment(session, at)
  local count, names = ARGV[at], { 'v', 'u', 'e' }
  for i = 1, count do names[3 + i] = 'd:' .. ARGV[at - 2 + 3 * i] end
  local found = redis.call('HMGET', session, unpack(names))
  local version, ends = found[1], found[3] or ''
  local leaseMs = found[2] and tonumber(found[2]) - nowMs or 0
  if leaseMs > 0 then return 'locked ' .. leaseMs end
  if mustExist and not version then return 'refused' end

  local sums, texts, newKeys = {}, {}, 0
  for i = 1, count do
    local name, by, span = names[3 + i], tonumber(ARGV[at - 1 + 3 * i]), ARGV[at + 3 * i]
    local sum = sums[name]
    if not sum then
      local text = found[3 + i]
      if not text then newKeys = newKeys + 1 end
      sum = text and asNumber(text) or not text and 0
      if not sum then return 'refused' end
    end
    if span ~= '' and (sum % 1 ~= 0 or math.abs(sum) + span >= EXACT) then return 'refused' end
    sum = sum + by
    if sum - sum ~= 0 then return 'refused' end
    sums[name] = sum
    texts[i] = asText(sum)
  end
  -- The fields of a hash that are no keys of the session are five at most.
  if newKeys > 0 and redis.call('HLEN', session) + newKeys > tonumber(limit) then return 'refused' end

  local nextVersion = nowVersion
  if version and tonumber(version) >= nowUs then nextVersion = string.format('%.0f', version + 1) end
  local isLeaseOnly = not version and found[2]
  if ttl == 'inf' then
    if ends ~= '' then redis.call('HDEL', session, 'e') end
    isLeaseOnly, ends = isLeaseOnly or ends ~= '', ''
  elseif ttl ~= '' then
    ends = string.format('%.0f', nowMs + ttl)
  end
  local fields = { 'v', nextVersion }
  if ttl ~= '' and ends ~= '' then
    fields[3], fields[4] = 'e', ends
  end
  -- Of a key that is named twice, the later value is the one that stays.
  for i = 1, count do
    fields[#fields + 1] = names[3 + i]
    fields[#fields + 1] = texts[i]
  end
  redis.call('HSET', session, unpack(fields))
  if ttl ~= '' and ends ~= '' then
    redis.call('PEXPIREAT', session, ends)
  elseif isLeaseOnly then
    -- What was here before had an end of its own.
    redis.call('PERSIST', session)
  end

  local channel = string.sub(session, 1, kindAt - 1) .. 'w' .. string.sub(session, kindAt + 1)
  redis.call('PUBLISH', channel, 'set ' .. nextVersion .. ' ' .. (ends == '' and '' or ends - nowMs))
  return 'done ' .. nextVersion .. ' ' .. table.concat(texts, ' ')
end

if string.find(ARGV[1], 'r', 1, true) then
  local lines = {}
  for line in string.gmatch(redis.call('GET', KEYS[1]) or '', '[^\n]+') do lines[#lines + 1] = line end
  if table.remove(lines, 1) == sequence then return lines end
end
local replies, at = {}, 7
for i = 2, #KEYS do
  -- What goes wrong with one session does not hide what was done to the others.
  local isDone, reply = pcall(increment, KEYS[i], at)
  replies[i - 1] = isDone and reply or 'failed ' .. (type(reply) == 'table' and reply.err or reply)
  at = at + 1 + 3 * ARGV[at]
end
redis.call('SET', KEYS[1], sequence .. '\n' .. table.concat(replies, '\n'), 'PX', memory)
return replies
