-- Gives a group what is due again and what it has never seen, oldest first, and notes the leases.
-- Redis' own list of pending entries says who holds what and how often it was given; beside it are, for each
-- group, when a lease or pause began and when it ends, by the caller's clock, and what only waits.
-- KEYS: stream, ends, beginnings, waiting, dead letters
-- ARGV: group, consumer, most, now, end of the lease, length of the lease, most attempts, tolerance, most letters
local stream, ends, begins, waiting, dead = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local group, consumer, most, now = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local lease, attempts = tonumber(ARGV[6]), tonumber(ARGV[7])

local made = redis.pcall('XGROUP', 'CREATE', stream, group, '0', 'MKSTREAM')
if made.err and not string.find(made.err, 'BUSYGROUP', 1, true) then return made end

local function forget(id)
  redis.call('ZREM', ends, id)
  redis.call('ZREM', begins, id)
  redis.call('SREM', waiting, id)
end

-- What another client of this group took and let lie is taken over after one lease of the server's clock.
local pending = redis.call('XPENDING', stream, group)[1]
if pending > redis.call('ZCARD', ends) then
  for _, entry in ipairs(redis.call('XPENDING', stream, group, 'IDLE', lease, '-', '+', 1000)) do
    redis.call('ZADD', ends, 'NX', 0, entry[1])
    redis.call('ZADD', begins, 'NX', 0, entry[1])
  end
end

local due, seen = {}, {}
local function note(ids)
  for _, id in ipairs(ids) do
    if not seen[id] then
      seen[id] = true
      local millis, sequence = string.match(id, '^(%d+)-(%d+)$')
      due[#due + 1] = {tonumber(millis), tonumber(sequence), id}
    end
  end
end
note(redis.call('ZRANGEBYSCORE', ends, '-inf', now))
-- A clock that was set back no longer tells how old these are.
note(redis.call('ZRANGEBYSCORE', begins, '(' .. string.format('%.0f', now + tonumber(ARGV[8])), '+inf'))
table.sort(due, function(a, b) return a[1] < b[1] or (a[1] == b[1] and a[2] < b[2]) end)

local function hold(id)
  redis.call('ZADD', ends, ARGV[5], id)
  redis.call('ZADD', begins, ARGV[4], id)
end

local given = {}
for _, one in ipairs(due) do
  if #given == most then break end
  local id = one[3]
  local held = redis.call('XPENDING', stream, group, id, id, 1)[1]
  local count = held and held[4] or 0
  if held and count >= attempts and redis.call('SISMEMBER', waiting, id) == 0 then
    local entry = redis.call('XRANGE', stream, id, id)[1]
    if entry then
      local fields = entry[2]
      for _, more in ipairs({'deadGroup', group, 'deadId', id, 'deadAttempt', count, 'deadReason',
        'its lease ran out on the last attempt'}) do fields[#fields + 1] = more end
      redis.call('XADD', dead, 'MAXLEN', '~', ARGV[9], '*', unpack(fields))
    end
    redis.call('XACK', stream, group, id)
    forget(id)
  else
    -- An entry that the stream no longer has is not claimed, and leaves the list of the pending.
    local entry = held and redis.call('XCLAIM', stream, group, consumer, 0, id)[1]
    if entry then
      redis.call('SREM', waiting, id)
      hold(id)
      given[#given + 1] = {id, count + 1, entry[2]}
    else
      redis.call('XACK', stream, group, id)
      forget(id)
    end
  end
end

if #given < most then
  local fresh = redis.call('XREADGROUP', 'GROUP', group, consumer, 'COUNT', most - #given, 'STREAMS', stream, '>')
  if fresh then
    for _, entry in ipairs(fresh[1][2]) do
      hold(entry[1])
      given[#given + 1] = {entry[1], 1, entry[2]}
    end
  end
end
return given
