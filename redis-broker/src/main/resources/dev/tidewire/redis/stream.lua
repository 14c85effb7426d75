-- Begins each script of a stream.
-- KEYS[1] its state: e epoch, o offset, t last stamp, p last stamp of a persisted message,
--         c publications retained, a age up to which they are, in milliseconds
-- KEYS[2] its tail: a Redis stream with the ids <stamp>-<offset> and the fields h head, b body

local IDLE = 600000 -- an unused stream is remembered as long, in milliseconds
local LONGEST = 315360000000 -- ten years: what a key's life is cut to

local function text(number)
  return string.format('%.0f', number)
end

-- The time given by a test, else Redis's own: one clock for all nodes.
local function time(given)
  if given ~= '' then
    return tonumber(given)
  end
  local now = redis.call('TIME')
  return now[1] * 1000 + math.floor(now[2] / 1000)
end

-- Whether the stream has, or had, what a node has heard of: at this offset, with this stamp, if it is known.
local function had(stream, offset, stamp)
  if offset > stream.offset or stamp == '' then
    return offset <= stream.offset
  end
  if offset == stream.offset then
    return tonumber(stamp) == stream.stamp
  end
  local id = stamp .. '-' .. text(offset)
  if #redis.call('XRANGE', KEYS[2], id, id) > 0 then
    return true
  end
  local oldest = redis.call('XRANGE', KEYS[2], '-', '+', 'COUNT', 1)[1]
  return not oldest or tonumber(string.match(oldest[1], '-(%d+)$')) > offset
end

-- The stream, in a new epoch if it is not there, or if it has lost what a node has heard of: a replica that took over
-- without the last publications gives their offsets out again. ARGV[1] to [4]: fresh epoch, and the known epoch, offset
-- and stamp.
local function open()
  local fields = redis.call('HMGET', KEYS[1], 'e', 'o', 't', 'p', 'a')
  local stream = {
    epoch = fields[1],
    offset = tonumber(fields[2] or 0),
    stamp = tonumber(fields[3] or 0),
    persisted = tonumber(fields[4] or 0),
    age = tonumber(fields[5] or 0),
  }
  if not stream.epoch or (stream.epoch == ARGV[2] and not had(stream, tonumber(ARGV[3]), ARGV[4])) then
    stream.epoch = ARGV[1]
    stream.offset = 0
    redis.call('DEL', KEYS[2])
    redis.call('HSET', KEYS[1], 'e', stream.epoch, 'o', 0)
  end
  return stream
end

-- Lets the stream live on.
local function touch(stream)
  local life = text(math.min(math.max(IDLE, stream.age), LONGEST))
  redis.call('PEXPIRE', KEYS[1], life)
  redis.call('PEXPIRE', KEYS[2], life)
end
