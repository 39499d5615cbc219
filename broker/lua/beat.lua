-- Library: limits
-- A worker's proof of life: kept in the registry, and told to the other stewards, who so know its moment exactly.
-- Every third beat also looks at the registry and at the delayed jobs, in case a notice was missed.
-- KEYS  1 workers  2 delayed  3 barred
-- ARGV  1 worker  2 beat, a number that only grows  3 lease in ms  4 control channel
-- Returns {0, ms until the next delayed job is due or a limit opens (-1: none, -2: not looked at),
--          name, value, ...: the registry},
--         {1} if the worker is not registered: it was taken for dead.
local value = ARGV[2] .. ' ' .. ARGV[3]
if redis.call('HSET', KEYS[1], ARGV[1], value) == 1 then
    redis.call('HDEL', KEYS[1], ARGV[1])
    return {1}
end
redis.call('PUBLISH', ARGV[4], 'beat ' .. ARGV[1] .. ' ' .. value)
if tonumber(ARGV[2]) % 3 ~= 0 then return {0, -2} end

local reply = {0, next_due(KEYS[2], KEYS[3], now_ms())}
for _, item in ipairs(redis.call('HGETALL', KEYS[1])) do reply[#reply + 1] = item end
return reply
