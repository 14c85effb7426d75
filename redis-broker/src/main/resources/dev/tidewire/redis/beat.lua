-- A sign of life of a node.
-- KEYS[1] signs of life by node
-- ARGV: node, number of signs that it knows to have given
-- Answers each node with its number; nothing if the node was forgotten

local known = tonumber(ARGV[2])
if known > 0 and tonumber(redis.call('HGET', KEYS[1], ARGV[1]) or 0) < known then
  return {}
end
redis.call('HINCRBY', KEYS[1], ARGV[1], 1)
return redis.call('HGETALL', KEYS[1])
