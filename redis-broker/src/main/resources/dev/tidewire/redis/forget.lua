-- Forgets a node that gives no sign of life.
-- KEYS[1] signs of life by node
-- ARGV: node, number of signs it had given when it was last looked at; empty: however many
-- Answers 1 if it is forgotten for good, 0 if it lives

local signs = redis.call('HGET', KEYS[1], ARGV[1])
if signs and ARGV[2] ~= '' and signs ~= ARGV[2] then
  return { '0' }
end
redis.call('HDEL', KEYS[1], ARGV[1])
return { '1' }
