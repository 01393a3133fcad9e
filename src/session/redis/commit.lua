-- Changes a session if what the writer expects holds. The rules are those of commit-rules.ts.
--
-- KEYS  1 the session      a hash: v version, e expires at (ms), f fence, u lease until (ms), h holder, d:<key> values as JSON
--       2 the last commit  of this client to this session: "<sequence> <version>"
-- ARGV  1 expectation      a version, "any", "present" or "absent"
--       2 time to live     in ms, "inf" for ever, "" as it is
--       3 fence            of the lease under which the change is made, or ""
--       4 flags            d destroy, l give the lease back, r repeated: the first attempt may have been carried out
--       5 sequence         number of the commit, from this client
--       6 memory           for how long the last commit is remembered, in ms
--       7 channel          that is told of the change: "set <version> <for ms, if it ends>" or "delete <version> "
--       8 pairs            how many keys and values follow; after them, keys to remove
-- Returns {"done", version, expires at or ""}, {"conflict", {all fields of the hash …}}, {"locked", for ms} or {"fenced"}.
local expect, ttl, fence, flags = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local MANY = 1000

if string.find(flags, 'r', 1, true) then
  local last = redis.call('GET', KEYS[2])
  if last then
    local sequence, version, ends = string.match(last, '^(%d+) (%d+) (%d*)$')
    if sequence == ARGV[5] then return { 'done', version, ends } end
  end
end

local time = redis.call('TIME')
local nowMs = time[1] * 1000 + math.floor(time[2] / 1000)
local head = redis.call('HMGET', KEYS[1], 'v', 'f', 'u', 'e')
local version, ends = head[1], head[4] or ''
local leaseMs = head[3] and tonumber(head[3]) - nowMs or 0

if fence ~= '' then
  if leaseMs <= 0 or head[2] ~= fence then return { 'fenced' } end
elseif leaseMs > 0 then
  return { 'locked', leaseMs }
end

local holds = expect == 'any' or (expect == 'absent' and not version) or (expect == 'present' and version)
if not holds and version ~= expect then return { 'conflict', redis.call('HGETALL', KEYS[1]) } end

-- Never used twice, even when nothing is left of what was before: no key sees a change every microsecond.
local nextVersion = string.format('%.0f', math.max((tonumber(version) or 0) + 1, time[1] * 1000000 + time[2]))

if string.find(flags, 'd', 1, true) then
  redis.call('DEL', KEYS[1])
  ends = ''
else
  local pairsEnd = 8 + 2 * ARGV[8]
  local fields = { 'v', nextVersion }
  for i = 9, pairsEnd, 2 do
    fields[#fields + 1] = 'd:' .. ARGV[i]
    fields[#fields + 1] = ARGV[i + 1]
    -- Lua hands only so many values to a function.
    if #fields >= MANY then
      redis.call('HSET', KEYS[1], unpack(fields))
      fields = {}
    end
  end
  local hadEnd = ends ~= ''
  if ttl == 'inf' then
    ends = ''
  elseif ttl ~= '' then
    ends = string.format('%.0f', nowMs + ttl)
    fields[#fields + 1] = 'e'
    fields[#fields + 1] = ends
  end
  if #fields > 0 then redis.call('HSET', KEYS[1], unpack(fields)) end
  for i = pairsEnd + 1, #ARGV do
    redis.call('HDEL', KEYS[1], 'd:' .. ARGV[i])
  end
  if ends ~= '' then
    if ttl ~= '' then redis.call('PEXPIREAT', KEYS[1], ends) end
  elseif hadEnd or not version then
    -- A lease alone, which may have been here before, has an end too.
    redis.call('HDEL', KEYS[1], 'e')
    redis.call('PERSIST', KEYS[1])
  end
  if string.find(flags, 'l', 1, true) then redis.call('HDEL', KEYS[1], 'u', 'h') end
end

redis.call('SET', KEYS[2], ARGV[5] .. ' ' .. nextVersion .. ' ' .. ends, 'PX', ARGV[6])
local event = string.find(flags, 'd', 1, true) and 'delete ' or 'set '
redis.call('PUBLISH', ARGV[7], event .. nextVersion .. ' ' .. (ends == '' and '' or ends - nowMs))
return { 'done', nextVersion, ends }
