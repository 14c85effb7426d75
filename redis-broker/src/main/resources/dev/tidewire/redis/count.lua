-- Tells how many are in a room.
-- Answers epoch, revision, number

local room = open()
touch()
return { room.epoch, text(room.revision), text(redis.call('HLEN', KEYS[2])) }
