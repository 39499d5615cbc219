-- A worker's proof of life. Every third beat looks at the delayed jobs, in case a notice was missed.
-- KEYS  1 workers  2 delayed    ARGV  1 worker  2 beat, a number that only grows  3 lease in ms
-- Returns {0, ms until the next delayed job is due (-1: none, -2: not looked at), name, value, ...: the registry},
--         {1} if the worker is not registered: it was taken for dead.
local registry = redis.call('HGETALL', KEYS[1])
local mine = false
for i = 1, #registry, 2 do
    if registry[i] == ARGV[1] then
        mine = true
        registry[i + 1] = ARGV[2] .. ' ' .. ARGV[3]
    end
end
if not mine then return {1} end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2] .. ' ' .. ARGV[3])
local next_in = -2
if tonumber(ARGV[2]) % 3 == 0 then
    local due = redis.call('ZRANGE', KEYS[2], 0, 0, 'WITHSCORES')[2]
    next_in = due and math.max(tonumber(due) - now_ms(), 0) or -1
end
local reply = {0, next_in}
for i = 1, #registry, CHUNK do
    for _, item in ipairs({unpack(registry, i, math.min(i + CHUNK - 1, #registry))}) do reply[#reply + 1] = item end
end
return reply
