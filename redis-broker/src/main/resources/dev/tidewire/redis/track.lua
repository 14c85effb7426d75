-- Sets the state of one connection in a room.
-- ARGV after those of the room: user, connection, node, data, status
-- Answers epoch, revision

local room = open()
local user = ARGV[6]
local link = { ARGV[7], ARGV[8], ARGV[9], ARGV[10] }
local before = member(user)
if not before then
  local joined = { s = time(), j = text(room.revision + 1), l = { link } }
  tell(room, 'JOIN', '', user, joined)
  keep(user, joined)
  count(link[2], 1)
  return answer(room)
end

-- With the link in the last place; a new status or node alone does not move it there.
local links, placed = {}, false
for _, other in ipairs(before.l) do
  if other[1] ~= link[1] then
    links[#links + 1] = other
  else
    count(other[2], -1)
    if other[3] == link[3] then
      links[#links + 1] = link
      placed = true
    end
  end
end
if not placed then
  links[#links + 1] = link
end
count(link[2], 1)
change(room, user, before, links)
return answer(room)
