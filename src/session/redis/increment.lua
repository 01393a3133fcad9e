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
local channels = string.sub(KEYS[2], 1, kindAt - 1) .. 'w'
local EXACT = 2 ^ 53
local call, tonumber, abs, format, sub = redis.call, tonumber, math.abs, string.format, string.sub

local function asText(number)
  -- The short form costs less.
  if number % 1 == 0 and number > -EXACT and number < EXACT then return format('%.0f', number) end
  return format('%.17g', number)
end

-- What a number, or nil, comes to with an addition; nil for what needs a closer look. (No other JSON is a number to Lua.)
local function sumOf(text, by, span)
  local number = tonumber(text or 0)
  if not number or span ~= '' and (number % 1 ~= 0 or abs(number) + span >= EXACT) then return nil end
  local sum = number + by
  if sum - sum ~= 0 then return nil end
  return asText(sum)
end

local function increment(session, at)
  local count = tonumber(ARGV[at])
  -- Most are of one key. Tables and `unpack` would cost as much as all the rest.
  local name, text, texts = 'd:' .. ARGV[at + 1]
  local found, names
  if count == 1 then
    found = call('HMGET', session, 'v', 'u', 'e', name)
  else
    names = { 'v', 'u', 'e', name }
    for i = 2, count do names[3 + i] = 'd:' .. ARGV[at - 2 + 3 * i] end
    found = call('HMGET', session, unpack(names))
  end
  local version, ends = found[1], found[3] or ''
  local leaseMs = found[2] and tonumber(found[2]) - nowMs or 0
  if leaseMs > 0 then return 'locked ' .. leaseMs end
  if mustExist and not version then return 'refused' end

  local newKeys = found[4] and 0 or 1
  text = sumOf(found[4], ARGV[at + 2], ARGV[at + 3])
  if not text then return 'refused' end
  if count > 1 then
    local last = { [name] = text }
    texts = { text }
    for i = 2, count do
      local name = names[3 + i]
      if not found[3 + i] and not last[name] then newKeys = newKeys + 1 end
      local text = sumOf(last[name] or found[3 + i], ARGV[at - 1 + 3 * i], ARGV[at + 3 * i])
      if not text then return 'refused' end
      last[name], texts[i] = text, text
    end
  end
  -- The fields of a hash that are no keys of the session are five at most.
  if newKeys > 0 and call('HLEN', session) + newKeys > tonumber(limit) then return 'refused' end

  local nextVersion = nowVersion
  if version and tonumber(version) >= nowUs then nextVersion = format('%.0f', version + 1) end
  local isLeaseOnly = not version and found[2]
  if ttl == 'inf' then
    if ends ~= '' then call('HDEL', session, 'e') end
    isLeaseOnly, ends = isLeaseOnly or ends ~= '', ''
  elseif ttl ~= '' then
    ends = format('%.0f', nowMs + ttl)
    call('HSET', session, 'e', ends)
  end
  if count == 1 then
    call('HSET', session, 'v', nextVersion, name, text)
  else
    local fields = { 'v', nextVersion }
    -- Of a key that is named twice, the later value is the one that stays.
    for i = 1, count do
      fields[#fields + 1] = names[3 + i]
      fields[#fields + 1] = texts[i]
    end
    call('HSET', session, unpack(fields))
    text = table.concat(texts, ' ')
  end
  if ttl ~= '' and ends ~= '' then
    call('PEXPIREAT', session, ends)
  elseif isLeaseOnly then
    -- What was here before had an end of its own.
    call('PERSIST', session)
  end
  local leftMs = ends == '' and '' or ends - nowMs
  call('PUBLISH', channels .. sub(session, kindAt + 1), 'set ' .. nextVersion .. ' ' .. leftMs)
  return 'done ' .. nextVersion .. ' ' .. text
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
