-- Gives a publication its place, keeps it, and tells all nodes, in one step.
-- KEYS[3] the idempotency key, if there is one
-- ARGV after those of the stream: time, publications to retain, age to retain in milliseconds, 1 if persisted, head,
--       body, channel of the nodes, command that publishes there
-- Answers epoch, offset, stamp, and the number of publications retained; without the last if the key was known

local KEY_MEMORY = 300000

local now = time(ARGV[5])
if KEYS[3] then
  local first = redis.call('GET', KEYS[3])
  if first then
    local epoch, offset, stamp = string.match(first, '^(%w+) (%d+) (%d+)$')
    if tonumber(stamp) + KEY_MEMORY > now then
      return { epoch, offset, stamp }
    end
  end
end

local stream = open()
local count = tonumber(ARGV[6])
local before = text(stream.stamp)
stream.age = tonumber(ARGV[7])
stream.offset = stream.offset + 1
stream.stamp = math.max(stream.stamp, now)
if ARGV[8] == '1' then
  stream.stamp = math.max(stream.stamp, stream.persisted + 1)
  stream.persisted = stream.stamp
end

local offset, stamp = text(stream.offset), text(stream.stamp)
redis.call('HSET', KEYS[1], 'o', offset, 't', stamp, 'p', text(stream.persisted), 'c', ARGV[6], 'a', ARGV[7])
if count > 0 and stream.age > 0 then
  redis.call('XADD', KEYS[2], 'MAXLEN', ARGV[6], stamp .. '-' .. offset, 'h', ARGV[9], 'b', ARGV[10])
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
local kept = text(redis.call('XLEN', KEYS[2]))
local told = table.concat({ stream.epoch, offset, stamp, before, kept, ARGV[9] }, ' ')
redis.call(ARGV[#ARGV], ARGV[11], told .. ARGV[10])
return { stream.epoch, offset, stamp, kept }
