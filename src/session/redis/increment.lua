-- Adds to numbers in a session, one after the other: all or none.
--
-- KEYS  1 the session, 2 the last commit  as in commit.lua
-- ARGV  1 time to live   in ms, "inf" for ever, "" as it is
--       2 flags          e the session must exist, r repeated: the first attempt may have been carried out
--       3 sequence, 4 memory, 5 channel  as in commit.lua
--       6 keys           that a session may have
--       7 …              a key and what is added to it, as often as wanted
-- Returns {"done", version, sums …}, {"locked", for ms}, or {"refused"} for what needs a closer look: a session that is not there
-- and must be, something else than a number, a sum beyond all numbers, too many keys.
local ttl, flags = ARGV[1], ARGV[2]

if string.find(flags, 'r', 1, true) then
  local last = redis.call('GET', KEYS[2])
  if last and string.match(last, '^%d+') == ARGV[3] then
    local reply = { 'done' }
    for part in string.gmatch(string.match(last, ' (.*)$'), '%S+') do reply[#reply + 1] = part end
    return reply
  end
end

local time = redis.call('TIME')
local nowMs = time[1] * 1000 + math.floor(time[2] / 1000)
local head = redis.call('HMGET', KEYS[1], 'v', 'u', 'e')
local version, ends = head[1], head[3] or ''
local leaseMs = head[2] and tonumber(head[2]) - nowMs or 0
if leaseMs > 0 then return { 'locked', leaseMs } end
if not version and string.find(flags, 'e', 1, true) then return { 'refused' } end
-- The fields of a hash that are no keys of the session are five at most.
if redis.call('HLEN', KEYS[1]) + (#ARGV - 6) / 2 > tonumber(ARGV[6]) then return { 'refused' } end

local sums, reply = {}, { 'done', '' }
for i = 7, #ARGV, 2 do
  local key = 'd:' .. ARGV[i]
  local sum = sums[key]
  if not sum then
    local text = redis.call('HGET', KEYS[1], key) or '0'
    sum = string.find(text, '^-?%d') and tonumber(text)
    if not sum then return { 'refused' } end
  end
  sum = sum + tonumber(ARGV[i + 1])
  if sum - sum ~= 0 then return { 'refused' } end
  sums[key] = sum
  reply[#reply + 1] = string.format('%.17g', sum)
end

local nextVersion = string.format('%.0f', math.max((tonumber(version) or 0) + 1, time[1] * 1000000 + time[2]))
reply[2] = nextVersion
redis.call('HSET', KEYS[1], 'v', nextVersion)
for key, sum in pairs(sums) do redis.call('HSET', KEYS[1], key, string.format('%.17g', sum)) end
if ttl == 'inf' then
  ends = ''
  redis.call('HDEL', KEYS[1], 'e')
  redis.call('PERSIST', KEYS[1])
elseif ttl ~= '' then
  ends = string.format('%.0f', nowMs + ttl)
  redis.call('HSET', KEYS[1], 'e', ends)
  redis.call('PEXPIREAT', KEYS[1], ends)
elseif not version then
  -- What was here before was a lease alone, with an end of its own.
  redis.call('PERSIST', KEYS[1])
end

redis.call('SET', KEYS[2], ARGV[3] .. ' ' .. table.concat(reply, ' ', 2), 'PX', ARGV[4])
redis.call('PUBLISH', ARGV[5], 'set ' .. nextVersion .. ' ' .. (ends == '' and '' or ends - nowMs))
return reply
