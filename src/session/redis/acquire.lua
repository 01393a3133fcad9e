-- One attempt at the lease on a session. Asking again with the same holder, after an answer was lost, gives the same lease.
--
-- KEYS  1 the session  as in commit.lua
-- ARGV  1 lease        in ms
--       2 holder       of this request alone
-- Returns {1, fence, {all fields of the hash …}} or {0, for ms}.
local time = redis.call('TIME')
local nowMs = time[1] * 1000 + math.floor(time[2] / 1000)
local head = redis.call('HMGET', KEYS[1], 'v', 'f', 'u', 'h')
local fence = head[2]

if head[3] and tonumber(head[3]) > nowMs then
  if head[4] ~= ARGV[2] then return { 0, tonumber(head[3]) - nowMs } end
else
  -- Greater than any before it, even when nothing is left of what was before.
  fence = string.format('%.0f', math.max((tonumber(fence) or 0) + 1, time[1] * 1000000 + time[2]))
end

local untilMs = string.format('%.0f', nowMs + ARGV[1])
redis.call('HSET', KEYS[1], 'f', fence, 'u', untilMs, 'h', ARGV[2])
-- A lease alone is no session: it must not stay.
if not head[1] then redis.call('PEXPIREAT', KEYS[1], untilMs) end
return { 1, fence, redis.call('HGETALL', KEYS[1]) }
