-- Tells everybody in a room.
-- Answers epoch, revision, nodes, and of each member the user and what is kept of it

local room = open()
touch()
return { room.epoch, text(room.revision), redis.call('HKEYS', KEYS[3]), redis.call('HGETALL', KEYS[2]) }
