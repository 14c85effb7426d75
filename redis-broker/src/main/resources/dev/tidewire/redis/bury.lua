-- Takes all connections of a node out of a room.
-- ARGV after those of the room: node, reason
-- Answers epoch, revision

local room = open()
if redis.call('HDEL', KEYS[3], ARGV[6]) == 0 then
  return answer(room)
end
local members = redis.call('HGETALL', KEYS[2])
for i = 1, #members, 2 do
  local before = cjson.decode(members[i + 1])
  local links = {}
  for _, link in ipairs(before.l) do
    if link[2] ~= ARGV[6] then
      links[#links + 1] = link
    end
  end
  if #links == 0 then
    leave(room, members[i], before, ARGV[7])
  elseif #links < #before.l then
    change(room, members[i], before, links)
  end
end
return answer(room)
