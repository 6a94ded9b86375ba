-- A token bucket with a burst of one second, by the server's clock, so that all who share it agree.
-- KEYS: bucket. ARGV: requests a second. Gives what is left, and the milliseconds to wait when nothing was (-1: taken).
local rate = tonumber(ARGV[1])
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + tonumber(time[2]) / 1000
local known = redis.call('HMGET', KEYS[1], 'left', 'at')
local left = tonumber(known[1]) or rate
local at = tonumber(known[2]) or now
left = math.min(rate, math.max(0, left) + math.max(0, now - at) * rate / 1000)
local wait = -1
if left >= 1 then left = left - 1 else wait = math.ceil((1 - left) * 1000 / rate) end
redis.call('HSET', KEYS[1], 'left', string.format('%.6f', left), 'at', string.format('%.3f', now))
redis.call('PEXPIRE', KEYS[1], 2000)
return {math.floor(left), wait}
