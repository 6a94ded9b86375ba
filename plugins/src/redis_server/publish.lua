-- Appends an event to a stream unless its key is known, and announces it. One script is one step of the server,
-- so that of many who bring one key at once, one wins.
-- KEYS: stream, key of deduplication
-- ARGV: its life in ms, most entries, what to remember, number of channels, channels..., message, fields...
local known = redis.call('GET', KEYS[2])
if known then return {0, known} end
local channels = tonumber(ARGV[4])
local id = redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[2], '*', unpack(ARGV, 6 + channels))
redis.call('SET', KEYS[2], id .. '\n' .. ARGV[3] .. '\n' .. KEYS[1], 'PX', ARGV[1])
for n = 1, channels do redis.call('PUBLISH', ARGV[4 + n], ARGV[5 + channels]) end
return {1, id}
