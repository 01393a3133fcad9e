-- Gives a lease back, if it is still held.
--
-- KEYS  1 the session  as in commit.lua
-- ARGV  1 fence
local head = redis.call('HMGET', KEYS[1], 'v', 'f', 'u')
if head[2] ~= ARGV[1] or not head[3] then return 0 end

if head[1] then
  redis.call('HDEL', KEYS[1], 'u', 'h')
else
  redis.call('DEL', KEYS[1])
end
return 1
