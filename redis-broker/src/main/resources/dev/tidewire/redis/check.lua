-- Tells a node that has subscribers how far the stream is, and keeps the stream for them.
-- ARGV: fresh epoch, known epoch, known offset
-- Answers epoch, offset

local stream = open(ARGV[1], ARGV[2], ARGV[3])
touch(stream)
return { stream.epoch, text(stream.offset) }
