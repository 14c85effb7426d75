-- Gives a publication its place, keeps it, and tells all nodes, in one step.
-- KEYS[3] the idempotency key, if there is one
-- ARGV: fresh epoch, known epoch, known offset, time, publications to retain, age to retain in
--       milliseconds, 1 if persisted, head, body, channel of the nodes
-- Answers epoch, offset, stamp, and 1 if the key was known

local KEY_MEMORY = 300000

local now = time(ARGV[4])
if KEYS[3] then
  local first = redis.call('GET', KEYS[3])
  if first then
    local epoch, offset, stamp = string.match(first, '^(%w+) (%d+) (%d+)$')
    if tonumber(stamp) + KEY_MEMORY > now then
      return { epoch, offset, stamp, '1' }
    end
  end
end

local stream = open(ARGV[1], ARGV[2], ARGV[3])
local count = tonumber(ARGV[5])
stream.age = tonumber(ARGV[6])
stream.offset = stream.offset + 1
stream.stamp = math.max(stream.stamp, now)
if ARGV[7] == '1' then
  stream.stamp = math.max(stream.stamp, stream.persisted + 1)
  stream.persisted = stream.stamp
end

local offset, stamp = text(stream.offset), text(stream.stamp)
redis.call('HSET', KEYS[1], 'o', offset, 't', stamp, 'p', text(stream.persisted), 'c', ARGV[5], 'a', ARGV[6])
if count > 0 and stream.age > 0 then
  redis.call('XADD', KEYS[2], 'MAXLEN', ARGV[5], stamp .. '-' .. offset, 'h', ARGV[8], 'b', ARGV[9])
  if now > stream.age then
    redis.call('XTRIM', KEYS[2], 'MINID', text(now - stream.age + 1))
  end
else
  redis.call('DEL', KEYS[2])
end
touch(stream)
if KEYS[3] then
  redis.call('SET', KEYS[3], stream.epoch .. ' ' .. offset .. ' ' .. stamp, 'PX', KEY_MEMORY)
end
redis.call('PUBLISH', ARGV[10], stream.epoch .. ' ' .. offset .. ' ' .. stamp .. ' ' .. ARGV[8] .. ARGV[9])
return { stream.epoch, offset, stamp, '0' }
