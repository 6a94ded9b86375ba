-- Takes a dead letter away; gives its entry to the group again when asked to.
-- KEYS: stream, ends, beginnings, waiting, dead letters
-- ARGV: group, id of the entry, id of the letter, revive | discard
local stream, ends, begins, waiting, dead = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
if ARGV[4] == 'revive' then
  if #redis.call('XRANGE', stream, ARGV[2], ARGV[2]) == 0 then return -1 end
  if #redis.call('XRANGE', dead, ARGV[3], ARGV[3]) == 0 then return 0 end
  redis.call('XCLAIM', stream, ARGV[1], 'revived', 0, ARGV[2], 'RETRYCOUNT', 0, 'FORCE', 'JUSTID')
  redis.call('SADD', waiting, ARGV[2])
  redis.call('ZADD', begins, 0, ARGV[2])
  redis.call('ZADD', ends, 0, ARGV[2])
end
return redis.call('XDEL', dead, ARGV[3])
