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

-- The stream, in a new epoch if it is not there, or if it has forgotten what a node has heard of.
local function open(fresh, knownEpoch, knownOffset)
  local fields = redis.call('HMGET', KEYS[1], 'e', 'o', 't', 'p', 'a')
  local stream = {
    epoch = fields[1],
    offset = tonumber(fields[2] or 0),
    stamp = tonumber(fields[3] or 0),
    persisted = tonumber(fields[4] or 0),
    age = tonumber(fields[5] or 0),
  }
  if not stream.epoch or (stream.epoch == knownEpoch and stream.offset < tonumber(knownOffset)) then
    stream.epoch = fresh
    stream.offset = 0
    redis.call('DEL', KEYS[2])
    redis.call('HSET', KEYS[1], 'e', fresh, 'o', 0)
  end
  return stream
end

-- Lets the stream live on.
local function touch(stream)
  local life = text(math.min(math.max(IDLE, stream.age), LONGEST))
  redis.call('PEXPIRE', KEYS[1], life)
  redis.call('PEXPIRE', KEYS[2], life)
end
