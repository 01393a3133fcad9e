-- Gives a lease more time, if it is still held.
--
-- KEYS  1 the session  as in commit.lua
-- ARGV  1 fence
--       2 lease        in ms
-- Returns 1, or 0 for a lease that was lost.
local time = redis.call('TIME')
local nowMs = time[1] * 1000 + math.floor(time[2] / 1000)
local head = redis.call('HMGET', KEYS[1], 'v', 'f', 'u')
if head[2] ~= ARGV[1] or not head[3] or tonumber(head[3]) <= nowMs then return 0 end

local untilMs = string.format('%.0f', nowMs + ARGV[2])
redis.call('HSET', KEYS[1], 'u', untilMs)
if not head[1] then redis.call('PEXPIREAT', KEYS[1], untilMs) end
return 1
