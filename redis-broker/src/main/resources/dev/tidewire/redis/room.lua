-- Begins each script of a room: the members of one channel.
-- KEYS[1] its state: e epoch, r revision
-- KEYS[2] its members by user: {"s": since, "j": revision of the join, "l": [[connection, node, data, status], ...]},
--         the connection that tracked last at the end
-- KEYS[3] number of connections by node
-- ARGV: fresh epoch, known epoch, known revision, channel of the nodes, time, those of the script itself, and the command
--       that publishes

local IDLE = 600000 -- an unused room is remembered as long, in milliseconds

local function text(number)
  return string.format('%.0f', number)
end

-- The time given by a test, else Redis's own: one clock for all nodes.
local function time()
  if ARGV[5] ~= '' then
    return ARGV[5]
  end
  local now = redis.call('TIME')
  return text(now[1] * 1000 + math.floor(now[2] / 1000))
end

-- The room, in a new epoch if it is not there, or if it has forgotten what a node has heard of. Revisions never go back.
local function open()
  local fields = redis.call('HMGET', KEYS[1], 'e', 'r')
  local known = tonumber(ARGV[3])
  local room = { epoch = fields[1], revision = tonumber(fields[2] or 0) }
  if not room.epoch or (room.epoch == ARGV[2] and room.revision < known) then
    room.epoch = ARGV[1]
  end
  room.revision = math.max(room.revision, known)
  if room.epoch ~= fields[1] or text(room.revision) ~= fields[2] then
    redis.call('HSET', KEYS[1], 'e', room.epoch, 'r', text(room.revision))
  end
  return room
end

-- Lets the room live on.
local function touch()
  for i = 1, 3 do
    redis.call('PEXPIRE', KEYS[i], IDLE)
  end
end

local function member(user)
  local stored = redis.call('HGET', KEYS[2], user)
  return stored and cjson.decode(stored)
end

local function keep(user, is)
  redis.call('HSET', KEYS[2], user, cjson.encode(is))
end

-- One connection of a node more or less.
local function count(node, change)
  if redis.call('HINCRBY', KEYS[3], node, change) <= 0 then
    redis.call('HDEL', KEYS[3], node)
  end
end

-- What the members see of each other: the state of the connection that tracked last, and whether any is online.
local function seen(links)
  local status = 'AWAY'
  for _, link in ipairs(links) do
    if link[4] == 'ONLINE' then
      status = 'ONLINE'
    end
  end
  return links[#links][3], status
end

-- Numbers a difference and tells all nodes.
local function tell(room, change, reason, user, is)
  room.revision = room.revision + 1
  redis.call('HSET', KEYS[1], 'r', text(room.revision))
  redis.call(ARGV[#ARGV], ARGV[4], cjson.encode({ room.epoch, text(room.revision), change, reason, user, is }))
end

-- Puts other connections in the place of a member's; told only if the others see a difference.
local function change(room, user, before, links)
  local data, status = seen(before.l)
  local newData, newStatus = seen(links)
  before.l = links
  if data ~= newData or status ~= newStatus then
    tell(room, 'UPDATE', '', user, before)
  end
  keep(user, before)
end

local function leave(room, user, before, reason)
  redis.call('HDEL', KEYS[2], user)
  tell(room, 'LEAVE', reason, user, before)
end

local function answer(room)
  touch()
  return { room.epoch, text(room.revision) }
end
