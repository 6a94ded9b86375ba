-- Ends the delivery of an entry that is in flight: acknowledged, to be given again, or dead.
-- KEYS: stream, ends, beginnings, waiting, dead letters
-- ARGV: group, id, what: ack | wait | dead, attempt that must be the present one (0: any), now, end of the pause,
--       reason, most letters
local stream, ends, begins, waiting, dead = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local group, id, what = ARGV[1], ARGV[2], ARGV[3]
if not redis.call('ZSCORE', ends, id) or redis.call('SISMEMBER', waiting, id) == 1 then return 0 end
local held = redis.pcall('XPENDING', stream, group, id, id, 1)
held = not held.err and held[1]
if not held then return 0 end
local attempt = tonumber(ARGV[4])
if attempt > 0 and attempt ~= held[4] then return 0 end
if what == 'wait' then
  redis.call('SADD', waiting, id)
  redis.call('ZADD', begins, ARGV[5], id)
  redis.call('ZADD', ends, ARGV[6], id)
  return 1
end
if what == 'dead' then
  local entry = redis.call('XRANGE', stream, id, id)[1]
  if entry then
    local fields = entry[2]
    for _, more in ipairs({'deadGroup', group, 'deadId', id, 'deadAttempt', held[4], 'deadReason', ARGV[7]}) do
      fields[#fields + 1] = more
    end
    redis.call('XADD', dead, 'MAXLEN', '~', ARGV[8], '*', unpack(fields))
  end
end
redis.call('XACK', stream, group, id)
redis.call('ZREM', ends, id)
redis.call('ZREM', begins, id)
return 1
