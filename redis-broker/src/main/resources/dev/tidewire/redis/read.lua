-- Reads everything after a position, or says that it can not.
-- ARGV after those of the stream: time, epoch and offset to read after (an empty epoch reads the position only), at most
--       so many publications, at most so many bytes
-- Answers epoch, offset, outcome, and id, head, body of each publication, newest first

local PAGE = 100

local stream = open()
touch(stream)

local answer = { stream.epoch, text(stream.offset), 'COMPLETE' }
local function refused(why)
  return { answer[1], answer[2], why }
end

if ARGV[6] == '' then
  return answer
end
local missed = stream.offset - tonumber(ARGV[7])
if ARGV[6] ~= stream.epoch or missed < 0 then
  return refused('EPOCH')
end
if missed > tonumber(ARGV[8]) then
  return refused('EVICTED')
end

local oldest = text(math.max(0, time(ARGV[5]) - stream.age + 1))
local from = '+'
local bytes = 0
while missed > 0 do
  local page = redis.call('XREVRANGE', KEYS[2], from, oldest, 'COUNT', math.min(PAGE, missed))
  if #page == 0 then
    return refused('EVICTED')
  end
  for _, entry in ipairs(page) do
    local fields = entry[2]
    bytes = bytes + #fields[4]
    if bytes > tonumber(ARGV[9]) then
      return refused('EVICTED')
    end
    answer[#answer + 1] = entry[1]
    answer[#answer + 1] = fields[2]
    answer[#answer + 1] = fields[4]
  end
  missed = missed - #page
  from = '(' .. page[#page][1]
end
return answer
