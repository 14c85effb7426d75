-- Takes one connection out of a room.
-- ARGV after those of the room: user, connection, reason
-- Answers epoch, revision

local room = open()
local user = ARGV[6]
local before = member(user)
if not before then
  return answer(room)
end
local links = {}
for _, link in ipairs(before.l) do
  if link[1] ~= ARGV[7] then
    links[#links + 1] = link
  else
    count(link[2], -1)
  end
end
if #links == 0 then
  leave(room, user, before, ARGV[8])
elseif #links < #before.l then
  change(room, user, before, links)
end
return answer(room)
