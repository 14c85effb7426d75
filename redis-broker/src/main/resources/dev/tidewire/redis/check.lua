-- Tells a node that has subscribers how far the stream is, and keeps the stream for them.
-- Answers epoch, offset, stamp, and the number of publications retained

local stream = open()
touch(stream)
return { stream.epoch, text(stream.offset), text(stream.stamp), text(redis.call('XLEN', KEYS[2])) }
